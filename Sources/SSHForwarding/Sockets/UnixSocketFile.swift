import Glibc
import SSHSystem
import SSHWire

/// A Unix socket that is bound to a path, and the file that stands there for it.
public final class UnixSocketFile: Sendable {
    /// Which file it is, whatever its name. A file that a living socket is bound to keeps its number for itself.
    public struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64

        init(_ status: stat) {
            self.device = UInt64(status.st_dev)
            self.inode = UInt64(status.st_ino)
        }

        /// - Returns: nil if nothing stands there.
        public init?(at path: String) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            self.init(status)
        }
    }

    /// A socket's file that stands in the way.
    public struct Existing {
        public let identity: Identity
        fileprivate let folder: UnixSocketFolder

        /// Whether somebody listens there, or may: only a connection that is refused says that nobody does.
        public func mayHaveListener() throws -> Bool {
            let file = try self.folder.openSocketFile()
            defer { close(file) }
            let probe = try UnixSocketAddress.newSocket()
            defer { close(probe) }
            return try UnixSocketAddress.connect(probe, to: UnixSocketAddress.path(of: file)) || errno != ECONNREFUSED
        }
    }

    /// As it was asked for.
    public let path: String
    public let identity: Identity
    /// The socket; a `UnixListener` takes it over.
    let descriptor: Int32
    private let folder: UnixSocketFolder

    private init(path: String, identity: Identity, descriptor: Int32, folder: UnixSocketFolder) {
        self.path = path
        self.identity = identity
        self.descriptor = descriptor
        self.folder = folder
    }

    /// Binds a socket to a path. Call `UnixListener.listen` next.
    ///
    /// - Parameters:
    ///   - mask: the permission bits that the file does not get, as umask(2), whatever the process's own mask is.
    ///   - links: whether the path may lead through symbolic links. The last component may never be one.
    ///   - unlinks: remove a socket's file that stands in the way; another kind of file always stays.
    ///   - mayUnlink: throws if that one must stay.
    /// - Throws: `forwardingFailed`.
    public static func bind(
        path: String,
        mask: UInt32,
        links: SymbolicLinks,
        unlinks: Bool,
        mayUnlink: (Existing) throws -> Void = { _ in }
    ) throws -> UnixSocketFile {
        let folder = try UnixSocketFolder(of: path, links)
        if unlinks { try Self.unlink(in: folder, mayUnlink) }
        let descriptor = try UnixSocketAddress.newSocket()
        do {
            let identity = try Self.bind(descriptor, to: path, in: folder, mode: 0o777 & ~mask)
            return UnixSocketFile(path: path, identity: identity, descriptor: descriptor, folder: folder)
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func unlink(in folder: UnixSocketFolder, _ mayUnlink: (Existing) throws -> Void) throws {
        guard let status = try folder.status() else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SSHError(.forwardingFailed, "a file that is no socket is in the way")
        }
        try mayUnlink(Existing(identity: Identity(status), folder: folder))
        guard folder.unlink() else { throw SSHError(.forwardingFailed, "unlink: \(SystemError())") }
    }

    private static func bind(
        _ descriptor: Int32,
        to path: String,
        in folder: UnixSocketFolder,
        mode: UInt32
    ) throws -> Identity {
        // Linux makes the file with the socket's own mode: at no moment has it more than that.
        guard fchmod(descriptor, mode) == 0, try UnixSocketAddress.bind(descriptor, to: path) else {
            throw SSHError(.forwardingFailed, "\(SystemError())")
        }
        guard let status = try folder.status(), status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == geteuid() else {
            throw SSHError(.forwardingFailed, "the folder was changed meanwhile")
        }
        if UInt32(status.st_mode) & 0o777 != mode { try Self.widen(folder, mode) }
        return Identity(status)
    }

    /// Gives back what the process's umask took away.
    private static func widen(_ folder: UnixSocketFolder, _ mode: UInt32) throws {
        let file = try folder.openSocketFile()
        defer { close(file) }
        guard chmod(UnixSocketAddress.path(of: file), mode) == 0 else {
            let reason = "\(SystemError())"
            _ = folder.unlink()
            throw SSHError(.forwardingFailed, "chmod: \(reason)")
        }
    }

    /// Removes the file, unless another one stands there now. Call it once, before the socket is closed: afterwards the
    /// number may be another file's.
    public func remove() {
        guard let status = try? self.folder.status(), Identity(status) == self.identity else { return }
        _ = self.folder.unlink()
    }
}
