import Glibc
import SSHWire

/// A file read whole, with the owner and the mode of the very file that was read.
package struct ReadFile {
    package var bytes: [UInt8]
    package let owner: UInt32
    package let mode: UInt32

    /// - Throws: `SystemError` if it cannot be read, `SSHError` if it is longer than `limit` bytes.
    package init(path: String, limit: Int = 4 << 20) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError() }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemError() }
        self.owner = status.st_uid
        self.mode = status.st_mode
        self.bytes = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                guard errno == EINTR else { throw SystemError() }
                continue
            }
            if count == 0 { break }
            self.bytes.append(contentsOf: chunk[..<count])
            guard self.bytes.count <= limit else {
                throw SSHError(.limitExceeded, "\(path) is longer than \(limit) bytes")
            }
        }
    }
}

/// An errno and its sentence.
package struct SystemError: Error, CustomStringConvertible {
    package let number: Int32

    package init(_ number: Int32 = errno) {
        self.number = number
    }

    package var description: String { String(cString: strerror(self.number)) }
    package var isMissingFile: Bool { self.number == ENOENT || self.number == ENOTDIR }
}
