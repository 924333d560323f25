import Glibc
import SSHConfiguration
import SSHCrypto
import SSHSystem
import SSHWire

/// What a relay needs before its first start: folders, a host key, a configuration. Whatever is there stays as it is, so it can be done
/// again, and goes on where it was cut off.
package struct RelaySetup {
    /// Where configuration, host key and accounts are.
    private let folder: String
    private let configurationFile: String
    private let stateDirectory: String
    private let port: UInt16
    /// As whom the relay will run; nil for whoever runs this.
    private let user: UserDatabase.Entry?
    /// Each step that was taken, or was not needed.
    package private(set) var steps: [String] = []

    /// The place of a relay that is the machine's.
    package static let systemFolder = "/etc/relay"

    /// - Parameters:
    ///   - configurationFile: the rest lies in its folder.
    ///   - stateDirectory: nil for /var/lib/relay where the folder is /etc/relay, else `state` in the folder.
    ///   - port: nil for 22 where the folder is /etc/relay, else 2222.
    ///   - user: the account that the relay runs as, if root runs this. One that there is not yet is passed over.
    /// - Throws: `misuse` for a path that cannot be.
    package init(configurationFile: String, stateDirectory: String?, port: UInt16?, user: String) throws {
        let file = Self.absolute(configurationFile)
        let folder = SystemPath.parent(of: file)
        let isSystem = folder == Self.systemFolder
        let state = Self.absolute(stateDirectory ?? (isSystem ? "/var/lib/relay" : "\(folder)/state"))
        for path in [file, state] {
            // In a configuration it stands in quotes.
            guard (try? UnixPath.split(path)) != nil, path.utf8.count <= ServerConfiguration.longestStateDirectory,
                !path.unicodeScalars.contains(where: \.isControl),
                !path.utf8.contains(where: { "\"\\%*?[".utf8.contains($0) })
            else { throw SSHError(.misuse, "\"\(path.escapedForLog)\" cannot be used as a path here") }
        }
        self.configurationFile = file
        self.folder = folder
        self.stateDirectory = state
        self.port = port ?? (isSystem ? 22 : 2222)
        self.user = geteuid() == 0 ? try UserDatabase.account(user) : nil
        if self.user == nil, geteuid() == 0 {
            self.steps.append(
                "there is no user \(user.escapedForLog) yet: make it (systemd-sysusers), and run this again to give it the host key"
            )
        }
    }

    /// - Throws: `system` with the file and the reason; `invalidConfiguration` for a configuration that is there and wrong.
    package mutating func run() throws -> ServerConfiguration {
        try self.makeFolder(self.folder, mode: 0o755, isOwn: false)
        if FileState(of: self.configurationFile).isAbsent {
            try self.makeFolder("\(self.folder)/authorized_keys", mode: 0o755, isOwn: false)
            try self.makeState(self.stateDirectory)
            try self.makeHostKey("\(self.folder)/ssh_host_ed25519_key")
            try Self.create(self.configurationFile, self.text, mode: 0o644)
            self.steps.append("made \(self.configurationFile)")
            return try ServerConfiguration.load(file: self.configurationFile, supported: .all)
        }
        self.steps.append("kept \(self.configurationFile)")
        let configuration = try ServerConfiguration.load(file: self.configurationFile, supported: .all)
        for pattern in configuration.defaults.authorizedKeysFiles where pattern.hasPrefix("\(self.folder)/") {
            let folder = SystemPath.parent(of: pattern)
            if !folder.utf8.contains(where: { "%*?[".utf8.contains($0) }) {
                try self.makeFolder(folder, mode: 0o755, isOwn: false)
            }
        }
        if let state = configuration.stateDirectory { try self.makeState(state) }
        if let file = configuration.hostKeyFiles.first, configuration.$hostKeyFiles.rule != nil || self.isSystem {
            let missing = configuration.hostKeyFiles.allSatisfy { FileState(of: $0).isAbsent }
            if missing || configuration.hostKeyFiles.count == 1 { try self.makeHostKey(file) }
        }
        return configuration
    }

    private var isSystem: Bool { self.folder == Self.systemFolder }

    private var text: String {
        // Nobody but root may write to /run.
        let pidFile = self.isSystem ? "" : "PidFile \"\(self.folder)/relay.pid\"\n"
        return """
            # docs/relay_config.md says what differs from sshd_config(5), and what else there is.
            Port \(self.port)
            HostKey "\(self.folder)/ssh_host_ed25519_key"
            \(pidFile)
            # An account is a name with a file of keys: those of `relay add-client`, then those that the relay enrols.
            AuthorizedKeysFile "\(self.folder)/authorized_keys/%u" "\(self.stateDirectory)/authorized_keys/%u"
            StateDirectory "\(self.stateDirectory)"

            # Hosts without a dot are names of devices.
            Names *,!*.*

            """
    }

    private mutating func makeState(_ path: String) throws {
        try self.makeFolder(path, mode: 0o700, isOwn: true)
        try FolderOwner.act(on: path) { try self.makeFolder("\(path)/authorized_keys", mode: 0o700, isOwn: true) }
    }

    /// - Parameter isOwn: it is the relay's user's.
    private mutating func makeFolder(_ path: String, mode: mode_t, isOwn: Bool) throws {
        var missing: [String] = []
        var folder = path
        var information = stat()
        while folder != "/", stat(folder, &information) != 0 {
            // It may be there, where this user cannot look.
            guard errno == ENOENT else { throw Self.failure(folder) }
            missing.insert(folder, at: 0)
            folder = SystemPath.parent(of: folder)
        }
        guard !missing.isEmpty else { return }
        for folder in missing {
            // Of those above, others are the owners.
            let isLast = folder == path
            guard mkdir(folder, 0o700) == 0, !isLast || !isOwn || self.giveAway(folder),
                chmod(folder, isLast ? mode : 0o755) == 0
            else { throw Self.failure(folder) }
        }
        self.steps.append("made \(path)")
    }

    private mutating func makeHostKey(_ path: String) throws {
        if FileState(of: path).isAbsent {
            try HostKeyFile.generate(.ed25519, at: path, comment: "relay", random: SystemRandom())
            self.steps.append("made \(path)")
        } else {
            self.steps.append("kept \(path)")
        }
        var information = stat()
        // Made by root before there was the user.
        guard lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFREG, information.st_uid == 0 else {
            return
        }
        guard self.giveAway(path) else { throw Self.failure(path) }
    }

    private func giveAway(_ path: String) -> Bool {
        guard let user, geteuid() == 0 else { return true }
        return lchown(path, user.userID, user.groupID) == 0
    }

    /// A file that is there is not overwritten.
    private static func create(_ path: String, _ text: String, mode: UInt32) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Self.failure(path) }
        close(descriptor)
        chmod(path, mode)
        do throws(SystemError) {
            try WholeFile.write(Array(text.utf8), to: path, mode: mode)
        } catch {
            unlink(path)
            throw SSHError(.system, "\(path.escapedForLog): \(error)")
        }
    }

    private static func failure(_ path: String) -> SSHError {
        SSHError(.system, "\(path.escapedForLog): \(SystemError())")
    }

    private static func absolute(_ path: String) -> String {
        guard path.utf8.first != UInt8(ascii: "/") else { return path }
        guard let folder = SystemPath.resolve(".") else { return path }
        return "\(folder == "/" ? "" : folder)/\(path.hasPrefix("./") ? String(path.dropFirst(2)) : path)"
    }
}
