public import NIOCore

/// Writes the data types of RFC 4251 §5. Strings are our own or bounded by the packets they came in, so their lengths
/// always fit the 32 bits of the wire.
public struct WireWriter: Sendable {
    public var buffer: ByteBuffer

    public init(_ buffer: ByteBuffer = ByteBuffer()) {
        self.buffer = buffer
    }

    public mutating func writeByte(_ value: UInt8) {
        self.buffer.writeInteger(value)
    }

    public mutating func writeBoolean(_ value: Bool) {
        self.buffer.writeInteger(value ? 1 : 0, as: UInt8.self)
    }

    public mutating func writeUInt32(_ value: UInt32) {
        self.buffer.writeInteger(value)
    }

    public mutating func writeUInt64(_ value: UInt64) {
        self.buffer.writeInteger(value)
    }

    /// Bytes as they are, without a length.
    public mutating func writeBytes(_ bytes: some Sequence<UInt8>) {
        self.buffer.writeBytes(bytes)
    }

    public mutating func writeBytes(_ bytes: ByteBuffer) {
        self.buffer.writeImmutableBuffer(bytes)
    }

    public mutating func writeString(_ bytes: some Collection<UInt8>) {
        self.buffer.writeInteger(UInt32(clamping: bytes.count))
        self.buffer.writeBytes(bytes)
    }

    public mutating func writeString(_ bytes: ByteBuffer) {
        self.buffer.writeInteger(UInt32(clamping: bytes.readableBytes))
        self.buffer.writeImmutableBuffer(bytes)
    }

    public mutating func writeText(_ text: String) {
        self.writeString(text.utf8)
    }

    public mutating func writeNameList(_ names: [String]) {
        self.writeText(names.joined(separator: ","))
    }

    public mutating func writeNameList(_ names: NameList) {
        self.writeString(names.bytes)
    }

    /// A non-negative integer given as big-endian bytes, leading zeros allowed.
    public mutating func writeUnsignedMPInt(_ bytes: some Collection<UInt8>) {
        let significant = bytes.drop { $0 == 0 }
        let needsZero = (significant.first ?? 0) & 0x80 != 0
        self.buffer.writeInteger(UInt32(clamping: significant.count) + (needsZero ? 1 : 0))
        if needsZero { self.buffer.writeInteger(0, as: UInt8.self) }
        self.buffer.writeBytes(significant)
    }

    /// The bytes written so far, copied out.
    public var bytes: [UInt8] { Array(self.buffer.readableBytesView) }
}
