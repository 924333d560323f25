import Glibc
import SSHCrypto
package import SSHWire

/// A file read as a whole, with what the system says about it.
package struct BoundedFile {
    package private(set) var bytes: [UInt8]
    package let owner: UInt32
    package let mode: UInt32
    package let isRegular: Bool
    /// When it was opened.
    package let state: FileState

    /// - Parameters:
    ///   - mustBeRegular: refuse devices, pipes and directories before reading.
    ///   - isSecret: leave no copy of what is read behind; the caller zeroes the bytes.
    /// - Throws: `NotFound` if there is no such file, `SSHError` with code `system`, `unreadableNow`, `notRegular` or
    ///   `limitExceeded`.
    package init(path: String, limit: Int, mustBeRegular: Bool = false, isSecret: Bool = false) throws {
        // Without O_NONBLOCK, opening a pipe that nobody writes to would never return.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (mustBeRegular ? O_NONBLOCK : 0))
        guard descriptor >= 0 else { throw errno == ENOENT ? NotFound() as any Error : Self.failure(path) }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw Self.failure(path) }
        self.state = FileState(information)
        self.owner = information.st_uid
        self.mode = information.st_mode
        self.isRegular = information.st_mode & S_IFMT == S_IFREG
        if Self.isNull(information) {
            self.bytes = []
            return
        }
        guard self.isRegular || !mustBeRegular else {
            throw SSHError(.notRegular, "\(path.escapedForLog) is not a regular file")
        }
        // A file with a hole can be larger than any memory.
        guard !self.isRegular || information.st_size <= limit else { throw Self.excess(path, limit) }
        let size = information.st_size
        self.bytes = try Self.readAll(descriptor, expected: size, path: path, limit: limit, isSecret: isSecret)
    }

    /// Overwrites what was read.
    package mutating func zero() {
        _ = SecretBytes(bytes: exchange(&self.bytes, with: []))
    }

    /// Whether it is /dev/null, under whatever name: an empty file, for who wants to say that nothing is there.
    private static func isNull(_ information: stat) -> Bool {
        information.st_mode & S_IFMT == S_IFCHR && information.st_rdev == Self.nullDevice
    }

    /// makedev(1, 3) of <sys/sysmacros.h>.
    private static let nullDevice: dev_t = 1 << 8 | 3

    /// There is no file of that name.
    package struct NotFound: Error {
        package init() {}
    }

    /// - Parameter expected: the size that the system told; a pipe or a growing file has more.
    private static func readAll(
        _ descriptor: Int32,
        expected: Int,
        path: String,
        limit: Int,
        isSecret: Bool
    ) throws -> [UInt8] {
        var bytes: [UInt8] = []
        if isSecret { bytes.reserveCapacity(min(max(expected, 0), limit)) }
        var chunk = [UInt8](repeating: 0, count: min(max(expected, 1023), 65_535) + 1)
        defer { if isSecret { _ = SecretBytes(bytes: chunk) } }
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure(path) }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw Self.excess(path, limit) }
        }
    }

    private static func excess(_ path: String, _ limit: Int) -> SSHError {
        SSHError(.limitExceeded, "\(path.escapedForLog) is larger than \(limit) bytes")
    }

    private static func failure(_ path: String) -> SSHError {
        let number = errno
        let reason = "\(path.escapedForLog) cannot be read: \(String(cString: strerror(number)))"
        return SSHError(SSHError.isPassing(number) ? .unreadableNow : .system, reason)
    }
}

extension SSHError.Code {
    /// The machine is short of something, or a file's server is not there: it says nothing of the file.
    package static let unreadableNow = SSHError.Code("unreadableNow")
    /// A device, a pipe or a folder stands where a file should.
    package static let notRegular = SSHError.Code("notRegular")
}

extension SSHError {
    package static func isPassing(_ number: Int32) -> Bool {
        [EMFILE, ENFILE, ENOMEM, ENOBUFS, EIO, ESTALE, ETIMEDOUT, EAGAIN, EINTR, ECONNREFUSED].contains(number)
    }
}
