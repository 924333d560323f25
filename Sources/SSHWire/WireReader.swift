public import NIOCore

/// Reads the data types of RFC 4251 §5 from a buffer. Nothing is allocated before its length has been checked
/// against what is there.
public struct WireReader: Sendable {
    public private(set) var buffer: ByteBuffer

    public init(_ buffer: ByteBuffer) {
        self.buffer = buffer
    }

    public init(bytes: [UInt8]) {
        self.buffer = ByteBuffer(bytes: bytes)
    }

    /// Bytes not read yet.
    public var remaining: Int { self.buffer.readableBytes }

    public mutating func readByte() throws -> UInt8 {
        guard let value = self.buffer.readInteger(as: UInt8.self) else { throw Self.truncated() }
        return value
    }

    public mutating func readBoolean() throws -> Bool {
        try self.readByte() != 0
    }

    public mutating func readUInt32() throws -> UInt32 {
        guard let value = self.buffer.readInteger(as: UInt32.self) else { throw Self.truncated() }
        return value
    }

    public mutating func readUInt64() throws -> UInt64 {
        guard let value = self.buffer.readInteger(as: UInt64.self) else { throw Self.truncated() }
        return value
    }

    /// Exactly `count` bytes, as a slice of the same storage.
    public mutating func readBytes(_ count: Int) throws -> ByteBuffer {
        guard let slice = self.buffer.readSlice(length: count) else { throw Self.truncated() }
        return slice
    }

    /// A string of arbitrary bytes, as a slice of the same storage.
    public mutating func readString() throws -> ByteBuffer {
        let length = try self.readUInt32()
        guard length <= self.buffer.readableBytes, let slice = self.buffer.readSlice(length: Int(length)) else {
            throw Self.truncated()
        }
        return slice
    }

    /// A string of arbitrary bytes, copied out.
    public mutating func readBytesString() throws -> [UInt8] {
        Array(try self.readString().readableBytesView)
    }

    /// A string that must be UTF-8 without NUL.
    ///
    /// - Throws: `protocolViolation` if it is longer than `limit` bytes or not such a text.
    public mutating func readText(limit: Int = 4096) throws -> String {
        let bytes = try self.readString()
        guard bytes.readableBytes <= limit else {
            throw SSHError(.limitExceeded, "a text of \(bytes.readableBytes) bytes is longer than \(limit)")
        }
        // Nearly all texts are ASCII, of which nothing more has to be checked.
        if bytes.readableBytesView.allSatisfy({ (1...0x7f).contains($0) }) { return String(buffer: bytes) }
        guard
            let text = bytes.readableBytesView.withContiguousStorageIfAvailable({
                String(validating: $0, as: UTF8.self)
            }),
            let text, !text.utf8.contains(0)
        else {
            throw SSHError.protocolViolation("a text is not valid UTF-8")
        }
        return text
    }

    /// The same, and `expected` itself if it is that.
    public mutating func readText(limit: Int, expected: String) throws -> String {
        var reader = self
        guard try reader.readString().readableBytesView.elementsEqual(expected.utf8) else {
            return try self.readText(limit: limit)
        }
        self = reader
        return expected
    }

    /// A text that is for people alone, and does not have to be right: a long one is cut, and what is no UTF-8 is replaced.
    public mutating func readRemark(limit: Int = 4096) throws -> String {
        String(decoding: try self.readString().readableBytesView.prefix(limit), as: UTF8.self)
    }

    /// A host name, an address or a path to judge: whatever bytes the peer chose, for the rules to refuse. What is no UTF-8 is replaced,
    /// so that it names nothing.
    ///
    /// - Throws: `protocolViolation` for a NUL, behind which the system would not see the rest of the name.
    public mutating func readHost() throws -> String {
        let bytes = try self.readString().readableBytesView
        guard !bytes.contains(0) else { throw SSHError.protocolViolation("a host name or path holds a NUL") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A comma-separated list of ASCII names (RFC 4251 §5); an empty list is legal, an empty name is not.
    ///
    /// - Parameter isLenient: whether empty names are passed over.
    public mutating func readNameList(limit: Int = 256, isLenient: Bool = false) throws -> [String] {
        try self.readNames(limit: limit, isLenient: isLenient).names
    }

    /// The same, as a slice of the same storage.
    public mutating func readNames(limit: Int = 256, isLenient: Bool = false) throws -> NameList {
        let bytes = try self.readString()
        guard bytes.readableBytes <= 32_768 else {
            throw SSHError(.limitExceeded, "a name-list of \(bytes.readableBytes) bytes is longer than 32768")
        }
        return try NameList(checking: bytes, limit: limit, isLenient: isLenient)
    }

    /// A non-negative multiple-precision integer, as big-endian bytes without leading zeros.
    ///
    /// - Throws: `protocolViolation` if it is negative, has needless leading zeros, or more than `limit` bytes.
    public mutating func readUnsignedMPInt(limit: Int = 2048) throws -> [UInt8] {
        let bytes = try self.readString().readableBytesView
        guard let first = bytes.first else { return [] }
        guard bytes.count <= limit + 1 else {
            throw Self.tooLong(bytes.count, limit)
        }
        guard first & 0x80 == 0 else { throw SSHError.protocolViolation("an integer is negative") }
        guard first == 0 else {
            guard bytes.count <= limit else { throw Self.tooLong(bytes.count, limit) }
            return Array(bytes)
        }
        // RFC 4251 §5: unnecessary leading zeros must not be there; zero is the empty string.
        guard bytes.count > 1, bytes[bytes.startIndex + 1] & 0x80 != 0 else {
            throw SSHError.protocolViolation("an integer has needless leading zeros")
        }
        return Array(bytes.dropFirst())
    }

    private static func tooLong(_ count: Int, _ limit: Int) -> SSHError {
        SSHError(.limitExceeded, "an integer of \(count) bytes is longer than \(limit)")
    }

    /// Everything that is left.
    public mutating func readRemaining() -> ByteBuffer {
        self.buffer.readSlice(length: self.buffer.readableBytes) ?? ByteBuffer()
    }

    /// - Throws: `protocolViolation` if anything is left.
    public func expectEnd() throws {
        guard self.buffer.readableBytes == 0 else {
            throw SSHError.protocolViolation("\(self.buffer.readableBytes) bytes follow the last field of a message")
        }
    }

    private static func truncated() -> SSHError {
        SSHError.protocolViolation("a message ends in the middle of a field")
    }
}
