import Glibc
import SSHClient
import SSHCrypto
import SSHSystem
import SSHWire

/// The folders in which running programs can be asked how they are doing, and the names of their sockets.
enum StatusFolder {
    /// So many programs may serve one Host.
    static let slots = 16
    static let ofSystem = "/run/swssh"

    /// Where this process serves, made if need be.
    ///
    /// - Throws: `system` if there is no such folder, or somebody else could write there.
    static func own(_ environment: LocalEnvironment) throws -> String {
        // systemd makes it for a service (RuntimeDirectory); of several, it is the first.
        let given = environment.variable("RUNTIME_DIRECTORY").flatMap {
            $0.split(separator: ":").first.map(String.init)
        }
        let candidates = [given].compactMap { $0 } + self.ofUser(environment)
        guard let folder = candidates.first else { throw SSHError(.system, "XDG_RUNTIME_DIR is not set") }
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw SSHError(.system, "\(folder): \(SystemError())")
        }
        var status = stat()
        guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
            status.st_mode & 0o022 == 0
        else { throw SSHError(.system, "\(folder) is not a folder of this user alone") }
        return folder
    }

    /// Where programs of this user may serve; for root, those of others too.
    static func all(_ environment: LocalEnvironment) -> [String] {
        let ofService = "\(self.ofSystem)/\(environment.userName)"
        let users = geteuid() == 0 ? SystemPath.names(in: self.ofSystem, most: 1024) : []
        let others = users.map { "\(self.ofSystem)/\($0)" }
        var folders: [String] = []
        for folder in self.ofUser(environment) + [ofService] + others where !folders.contains(folder) {
            folders.append(folder)
        }
        return folders
    }

    private static func ofUser(_ environment: LocalEnvironment) -> [String] {
        if let runtime = environment.variable("XDG_RUNTIME_DIR"), runtime.first == "/" {
            return ["\(runtime)/swssh"] + (geteuid() == 0 ? [self.ofSystem] : [])
        }
        return [geteuid() == 0 ? self.ofSystem : "/run/user/\(geteuid())/swssh"]
    }

    /// The names of sockets for a Host, without their numbers.
    static func name(of host: String) -> String {
        SHA256Digest.hash(Array(host.utf8)).prefix(16).hexadecimal
    }

    /// - Parameter host: nil for all.
    static func sockets(of host: String?, in folder: String) -> [String] {
        let prefix = host.map { "\(self.name(of: $0))." } ?? ""
        return SystemPath.names(in: folder, most: 1024).filter { $0.hasPrefix(prefix) }.sorted().map {
            "\(folder)/\($0)"
        }
    }
}
