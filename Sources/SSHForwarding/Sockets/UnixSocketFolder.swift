import Glibc
import SSHSystem
import SSHWire

/// Whether a path may lead through symbolic links.
public enum SymbolicLinks: Sendable {
    /// As the system does: right for who acts with their own rights alone.
    case followed
    /// Right for who judged the path's text on behalf of somebody else: the text must say where the path leads.
    case refused
}

/// The folder that a Unix socket's path lies in, held open: what is found, made and removed there is in one place whatever
/// happens to the path meanwhile.
final class UnixSocketFolder: Sendable {
    let descriptor: Int32
    /// The path's last component.
    let name: String

    /// - Throws: `forwardingFailed` for a path that cannot be a socket's, or a folder that cannot be reached.
    init(of path: String, _ links: SymbolicLinks) throws {
        try UnixSocketAddress.check(path)
        // In bytes, as the system sees it: a slash and a combining mark are one character of Swift's.
        let start = path.utf8.lastIndex(of: UInt8(ascii: "/")).map(path.utf8.index(after:))
        let folder = start.map { path[..<$0] } ?? "."
        self.name = String(path[(start ?? path.startIndex)...])
        guard !["", ".", ".."].contains(self.name) else {
            throw SSHError(.forwardingFailed, "the path names no file")
        }
        switch links {
        case .followed: self.descriptor = try Self.open(String(folder), in: AT_FDCWD, 0)
        case .refused: self.descriptor = try Self.walk(folder)
        }
    }

    deinit {
        close(self.descriptor)
    }

    /// Opens one component after the other, so that no symbolic link can stand in for one, not even for a moment.
    private static func walk(_ folder: Substring) throws -> Int32 {
        guard folder.utf8.first == UInt8(ascii: "/") else {
            throw SSHError(.forwardingFailed, "the path is not absolute")
        }
        var current = try Self.open("/", in: AT_FDCWD, 0)
        for name in folder.utf8.split(separator: UInt8(ascii: "/")).compactMap({ String($0) }) {
            let parent = current
            defer { close(parent) }
            current = openat(parent, name, __O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard current >= 0 else {
                let reason = "\(SystemError())"
                guard !Self.isLink(name, in: parent) else {
                    throw SSHError(.forwardingFailed, "\(name) on the way there is a symbolic link")
                }
                throw SSHError(.forwardingFailed, reason)
            }
        }
        return current
    }

    private static func open(_ path: String, in folder: Int32, _ flags: Int32) throws -> Int32 {
        let descriptor = openat(folder, path, __O_PATH | O_DIRECTORY | O_CLOEXEC | flags)
        guard descriptor >= 0 else { throw SSHError(.forwardingFailed, "\(SystemError())") }
        return descriptor
    }

    private static func isLink(_ name: String, in folder: Int32) -> Bool {
        var status = stat()
        return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// What stands there under the name, and no link's target.
    ///
    /// - Returns: nil if nothing does.
    func status() throws -> stat? {
        var status = stat()
        guard fstatat(self.descriptor, self.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return nil }
            throw SSHError(.forwardingFailed, "\(SystemError())")
        }
        return status
    }

    /// The socket's file itself, for `UnixSocketAddress.path(of:)`; the caller closes it.
    ///
    /// - Throws: `forwardingFailed` if it is anything else, a symbolic link included.
    func openSocketFile() throws -> Int32 {
        let descriptor = openat(self.descriptor, self.name, __O_PATH | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw SSHError(.forwardingFailed, "\(SystemError())") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
            close(descriptor)
            throw SSHError(.forwardingFailed, "what stands there is no socket")
        }
        return descriptor
    }

    func unlink() -> Bool {
        unlinkat(self.descriptor, self.name, 0) == 0
    }
}
