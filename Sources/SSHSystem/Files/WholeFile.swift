import Glibc

/// Writes files as a whole: whoever reads one finds all of the old text or all of the new one, also after a power cut.
package enum WholeFile {
    /// The new file takes the old one's place, with its owner and mode. A symbolic link stays, and leads to the new file.
    ///
    /// - Parameter mode: that of a file that was not there.
    package static func write(_ bytes: [UInt8], to path: String, mode: UInt32) throws(SystemError) {
        let target = SystemPath.resolve(path) ?? path
        var old = stat()
        let isThere = lstat(target, &old) == 0
        // A device would be gone.
        guard !isThere || old.st_mode & S_IFMT == S_IFREG else { throw SystemError(EEXIST) }
        let folder = SystemPath.parent(of: target)
        var name = Array("\(folder)/.new-XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw SystemError() }
        defer { close(descriptor) }
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0, !isThere || Self.keepOwner(old, descriptor),
            fchmod(descriptor, isThere ? old.st_mode & 0o777 : mode) == 0,
            Self.write(bytes, to: descriptor), fsync(descriptor) == 0, rename(name, target) == 0
        else {
            let error = SystemError()
            unlink(name)
            throw error
        }
        Self.sync(folder: folder)
    }

    /// What was renamed or removed there stays so.
    package static func sync(folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func keepOwner(_ old: stat, _ descriptor: Int32) -> Bool {
        var new = stat()
        guard fstat(descriptor, &new) == 0 else { return false }
        guard new.st_uid != old.st_uid || new.st_gid != old.st_gid else { return true }
        return fchown(descriptor, old.st_uid, old.st_gid) == 0
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
