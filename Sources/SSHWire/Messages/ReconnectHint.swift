public import NIOCore

/// The field of the global request with which a relay that stops says within how many seconds its clients should come back, each
/// at a time of its own (docs/protocol.md).
public struct ReconnectHint: Sendable, Equatable {
    public static let name = "reconnect@swift-ssh-relay"
    /// More is never meant, nor believed.
    public static let most: UInt32 = 60

    /// At most `most`.
    public let seconds: UInt32

    public init(seconds: UInt32) {
        self.seconds = min(seconds, Self.most)
    }

    /// - Throws: `protocolViolation` if it is no hint; more seconds than `most` are taken for `most`.
    public init(_ data: ByteBuffer) throws {
        var reader = WireReader(data)
        self.init(seconds: try reader.readUInt32())
    }

    public var data: ByteBuffer {
        var writer = WireWriter()
        writer.writeUInt32(self.seconds)
        return writer.buffer
    }
}
