public import NIOCore

/// Cuts what an agent says into messages, each of which has its length before it.
public struct AgentMessageReader: Sendable {
    /// A message's bytes behind the length, at most. As in ssh.
    static let longest = 256 * 1024

    private var bytes = ByteBuffer()

    public init() {}

    /// Nothing has come that was not handed out.
    public var isEmpty: Bool { self.bytes.readableBytes == 0 }

    public mutating func append(_ bytes: ByteBuffer) {
        self.bytes.writeImmutableBuffer(bytes)
    }

    /// The next message without its length, or nil until more bytes have come.
    ///
    /// - Throws: `limitExceeded` if it is too long, `protocolViolation` if it is empty.
    public mutating func next() throws -> ByteBuffer? {
        guard let length = self.bytes.getInteger(at: self.bytes.readerIndex, as: UInt32.self) else { return nil }
        guard length > 0 else { throw SSHError.protocolViolation("the agent sends an empty message") }
        guard length <= Self.longest else {
            throw SSHError(.limitExceeded, "the agent sends a message of \(length) bytes, more than \(Self.longest)")
        }
        guard let message = self.bytes.getSlice(at: self.bytes.readerIndex + 4, length: Int(length)) else { return nil }
        self.bytes.moveReaderIndex(forwardBy: 4 + Int(length))
        if self.isEmpty { self.bytes = ByteBuffer() }
        return message
    }
}
