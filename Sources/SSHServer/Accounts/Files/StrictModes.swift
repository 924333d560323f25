import Glibc
import SSHConfiguration
import SSHSystem

/// StrictModes: nobody but root, the account and the relay itself can have written a file or put another in its place.
struct StrictModes {
    private let owners: Set<UInt32>
    private let home: String?

    init(account: Account) {
        self.owners = Set([0, geteuid()] + (account.userID.map { [$0] } ?? []))
        self.home = account.realHome
    }

    /// The open file, and every folder above it up to the home if it lies there, else up to `/`.
    ///
    /// - Throws: `Untrusted`, or `InvalidValue` that names the file or folder.
    func check(_ path: String, owner: UInt32, mode: UInt32) throws {
        try self.check("file", path, owner: owner, mode: mode)
        guard let resolved = SystemPath.resolve(path) else {
            throw InvalidValue("the path of \(path) cannot be resolved")
        }
        var folder = SystemPath.parent(of: resolved)
        while true {
            var information = stat()
            guard lstat(folder, &information) == 0 else { throw InvalidValue("\(folder) cannot be examined") }
            try self.check("directory", folder, owner: information.st_uid, mode: information.st_mode)
            if folder == "/" || folder == self.home { return }
            folder = SystemPath.parent(of: folder)
        }
    }

    private func check(_ kind: String, _ path: String, owner: UInt32, mode: UInt32) throws {
        guard self.owners.contains(owner), mode & 0o022 == 0 else {
            throw Untrusted(place: "\(kind) \(path)")
        }
    }

    /// Somebody else could write there.
    struct Untrusted: Error, CustomStringConvertible {
        let place: String

        /// sshd's words.
        var fault: String { "bad ownership or modes for \(self.place)" }

        var description: String {
            "\(self.fault): expected that only root, the account or the relay's user owns it and that group and others "
                + "cannot write to it"
        }
    }
}
