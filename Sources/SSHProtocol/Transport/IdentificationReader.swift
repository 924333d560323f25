import NIOCore
import SSHWire

/// Finds the peer's identification line in the first bytes it sends (RFC 4253 §4.2).
struct IdentificationReader {
    /// A server may send lines before its identification; these bound them.
    static let maximumLinesBefore = 1_024
    static let maximumBytesBefore = 64 * 1024
    /// Line ending included.
    static let maximumLine = 255

    enum Line: Equatable {
        /// One of the lines before, counted from 0.
        case before([UInt8], number: Int)
        case identification([UInt8])
    }

    private let allowsLinesBefore: Bool
    private var linesBefore = 0
    private var bytesBefore = 0
    /// Bytes of the line that has not come whole: there is no end among them.
    private var scanned = 0

    init(role: EngineConfiguration.Role) {
        self.allowsLinesBefore = role == .client
    }

    /// The next line without its ending, once it has come whole; bytes after the identification stay in the buffer.
    mutating func next(from buffer: inout ByteBuffer) throws -> Line? {
        let view = buffer.readableBytesView
        let limit = self.lineLimit(view)
        guard let end = view.prefix(limit + 1).dropFirst(self.scanned).firstIndex(of: UInt8(ascii: "\n")) else {
            guard buffer.readableBytes <= limit else {
                throw SSHError(.limitExceeded, "the peer's identification line is too long")
            }
            self.scanned = buffer.readableBytes
            return nil
        }
        self.scanned = 0
        var line = Array(view[..<end])
        buffer.moveReaderIndex(forwardBy: line.count + 1)
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if line.starts(with: "SSH-".utf8) { return .identification(try Self.check(line)) }
        try self.count(line)
        return .before(line, number: self.linesBefore - 1)
    }

    private func lineLimit(_ view: ByteBufferView) -> Int {
        let isIdentification = view.prefix(4).elementsEqual("SSH-".utf8.prefix(view.count))
        return self.allowsLinesBefore && !isIdentification ? Self.maximumBytesBefore : Self.maximumLine
    }

    private mutating func count(_ line: [UInt8]) throws {
        guard self.allowsLinesBefore else {
            throw SSHError(
                .invalidIdentification,
                "client sent invalid protocol identifier \"\(String(decoding: line, as: UTF8.self))\""
            )
        }
        self.linesBefore += 1
        self.bytesBefore += line.count
        guard self.linesBefore <= Self.maximumLinesBefore, self.bytesBefore <= Self.maximumBytesBefore else {
            throw SSHError(.limitExceeded, "the peer sends too much before its identification line")
        }
    }

    private static func check(_ line: [UInt8]) throws -> [UInt8] {
        // RFC 4253 §4.2 wants printable US-ASCII, but names in UTF-8 and tabs are met, and sshd takes them.
        let isText = line.allSatisfy { ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 }
        guard line.count < Self.maximumLine, isText else {
            throw SSHError.protocolViolation("the peer's identification line is too long or not printable")
        }
        guard line.starts(with: "SSH-2.0-".utf8) || line.starts(with: "SSH-1.99-".utf8) else {
            throw SSHError(.protocolVersionMismatch, "Protocol major versions differ: 2 vs. \(Self.majorVersion(line))")
        }
        return line
    }

    /// What stands between `SSH-` and the first dot.
    private static func majorVersion(_ line: [UInt8]) -> String {
        String(decoding: line.dropFirst(4).prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self)
    }
}
