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

    /// - Throws: `NotFound` if there is no such file, `SSHError` with code `system`, `unreadableNow`, `notRegular` or
    ///   `limitExceeded`.
    package init(path: String, limit: Int, mustBeRegular: Bool = false, isSecret: Bool = false) throws {
        do throws(Failure) {
            try self.init(reading: path, limit: limit, mustBeRegular: mustBeRegular, isSecret: isSecret)
        } catch {
            throw error.cause == .system(SystemError(ENOENT)) ? NotFound() as any Error : SSHError(error)
        }
    }

    /// - Parameters:
    ///   - limit: bytes.
    ///   - mustBeRegular: refuse devices, pipes and directories before reading.
    ///   - isSecret: leave no copy of what is read behind; the caller zeroes the bytes.
    package init(
        reading path: String,
        limit: Int,
        mustBeRegular: Bool = false,
        isSecret: Bool = false
    ) throws(Failure) {
        // Without O_NONBLOCK, opening a pipe that nobody writes to would never return.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (mustBeRegular ? O_NONBLOCK : 0))
        guard descriptor >= 0 else { throw Failure(path) }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw Failure(path) }
        self.state = FileState(information)
        self.owner = information.st_uid
        self.mode = information.st_mode
        self.isRegular = information.st_mode & S_IFMT == S_IFREG
        if Self.isNull(information) {
            self.bytes = []
            return
        }
        guard self.isRegular || !mustBeRegular else { throw Failure(path, .notRegular) }
        // A file with a hole can be larger than any memory.
        guard !self.isRegular || information.st_size <= limit else { throw Failure(path, .tooLarge(limit: limit)) }
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

    /// Why a file was not read.
    package struct Failure: Error, CustomStringConvertible {
        package enum Cause: Hashable, Sendable {
            case system(SystemError)
            /// A device, a pipe or a folder stands where a file should.
            case notRegular
            case tooLarge(limit: Int)
        }

        package let path: String
        package let cause: Cause

        fileprivate init(_ path: String, _ cause: Cause = .system(SystemError())) {
            self.path = path
            self.cause = cause
        }

        package var isMissingFile: Bool {
            if case .system(let error) = self.cause { error.isMissingFile } else { false }
        }

        /// In the system's words, without the path where the system has some.
        package var description: String {
            switch self.cause {
            case .system(let error): "\(error)"
            case .notRegular: "\(self.path) is not a regular file"
            case .tooLarge(let limit): "\(self.path) is longer than \(limit) bytes"
            }
        }
    }

    /// - Parameter expected: the size that the system told; a pipe or a growing file has more.
    private static func readAll(
        _ descriptor: Int32,
        expected: Int,
        path: String,
        limit: Int,
        isSecret: Bool
    ) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        if isSecret { bytes.reserveCapacity(min(max(expected, 0), limit)) }
        var chunk = [UInt8](repeating: 0, count: min(max(expected, 1023), 65_535) + 1)
        defer { if isSecret { _ = SecretBytes(bytes: chunk) } }
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(path) }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw Failure(path, .tooLarge(limit: limit)) }
        }
    }
}

extension SSHError.Code {
    /// The machine is short of something, or a file's server is not there: it says nothing of the file.
    package static let unreadableNow = SSHError.Code("unreadableNow")
    /// A device, a pipe or a folder stands where a file should.
    package static let notRegular = SSHError.Code("notRegular")
}

extension SSHError {
    fileprivate init(_ failure: BoundedFile.Failure) {
        let path = failure.path.escapedForLog
        switch failure.cause {
        case .system(let error):
            self.init(error.isPassing ? .unreadableNow : .system, "\(path) cannot be read: \(error)")
        case .notRegular: self.init(.notRegular, "\(path) is not a regular file")
        case .tooLarge(let limit): self.init(.limitExceeded, "\(path) is larger than \(limit) bytes")
        }
    }
}
