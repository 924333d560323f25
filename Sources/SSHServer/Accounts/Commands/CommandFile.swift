import Glibc
import SSHConfiguration
import SSHSystem

/// Whether a command may be run: as in sshd, nobody but root can have written the file, or put another in its place.
enum CommandFile {
    /// - Returns: the path without symbolic links: what was looked at is what runs.
    /// - Throws: `InvalidValue` in sshd's words, without the name of the keyword.
    static func check(_ path: String) throws -> String {
        var information = stat()
        guard stat(path, &information) == 0 else { throw Missing(reason: "\(SystemError())") }
        guard let resolved = SystemPath.resolve(path) else { throw Missing(reason: "\(SystemError())") }
        guard lstat(resolved, &information) == 0 else { throw Missing(reason: "\(SystemError())") }
        guard information.st_mode & S_IFMT == S_IFREG else { throw InvalidValue("\(resolved) is not a regular file") }
        try Self.check("file", resolved, information)
        var folder = resolved
        while folder != "/" {
            folder = SystemPath.parent(of: folder)
            guard lstat(folder, &information) == 0 else { throw Missing(reason: "\(SystemError())") }
            try Self.check("directory", folder, information)
        }
        return resolved
    }

    struct Missing: Error {
        let reason: String
    }

    private static func check(_ kind: String, _ path: String, _ information: stat) throws {
        guard information.st_uid == 0, information.st_mode & 0o022 == 0 else {
            throw InvalidValue("bad ownership or modes for \(kind) \(path)")
        }
    }
}
