public import NIOCore

/// SSH_MSG_CHANNEL_WINDOW_ADJUST (RFC 4254 §5.2).
public struct ChannelWindowAdjust: WireMessage, Equatable {
    public static let number = MessageNumber.channelWindowAdjust
    public var recipientChannel: UInt32
    public var bytesToAdd: UInt32

    public init(recipientChannel: UInt32, bytesToAdd: UInt32) {
        self.recipientChannel = recipientChannel
        self.bytesToAdd = bytesToAdd
    }

    public init(from reader: inout WireReader) throws {
        self.recipientChannel = try reader.readUInt32()
        self.bytesToAdd = try reader.readUInt32()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeUInt32(self.recipientChannel)
        writer.writeUInt32(self.bytesToAdd)
    }
}

/// SSH_MSG_CHANNEL_DATA (RFC 4254 §5.2).
public struct ChannelData: WireMessage, Equatable {
    public static let number = MessageNumber.channelData
    public var recipientChannel: UInt32
    public var data: ByteBuffer

    public init(recipientChannel: UInt32, data: ByteBuffer) {
        self.recipientChannel = recipientChannel
        self.data = data
    }

    public init(from reader: inout WireReader) throws {
        self.recipientChannel = try reader.readUInt32()
        self.data = try reader.readString()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeUInt32(self.recipientChannel)
        writer.writeString(self.data)
    }

    /// Bytes of a message before the data.
    public static let headerLength = 9

    /// Everything before the data itself, so that the data need not be copied behind it.
    public static func writeHeader(recipientChannel: UInt32, length: Int, to buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(
            Self.number.rawValue,
            recipientChannel,
            UInt32(clamping: length)
        )
    }
}

/// SSH_MSG_CHANNEL_EXTENDED_DATA (RFC 4254 §5.2).
public struct ChannelExtendedData: WireMessage, Equatable {
    /// SSH_EXTENDED_DATA_STDERR.
    public static let standardError: UInt32 = 1

    public static let number = MessageNumber.channelExtendedData
    public var recipientChannel: UInt32
    public var type: UInt32
    public var data: ByteBuffer

    public init(recipientChannel: UInt32, type: UInt32, data: ByteBuffer) {
        self.recipientChannel = recipientChannel
        self.type = type
        self.data = data
    }

    public init(from reader: inout WireReader) throws {
        self.recipientChannel = try reader.readUInt32()
        self.type = try reader.readUInt32()
        self.data = try reader.readString()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeUInt32(self.recipientChannel)
        writer.writeUInt32(self.type)
        writer.writeString(self.data)
    }

    /// Everything before the data itself.
    public static func writeHeader(recipientChannel: UInt32, type: UInt32, length: Int, to buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(Self.number.rawValue, recipientChannel, type, UInt32(clamping: length))
    }
}

/// A message whose one field is the recipient's channel number.
public protocol ChannelSignal: WireMessage, Equatable {
    var recipientChannel: UInt32 { get }
    init(recipientChannel: UInt32)
}

extension ChannelSignal {
    public init(from reader: inout WireReader) throws {
        self.init(recipientChannel: try reader.readUInt32())
    }

    public func write(to writer: inout WireWriter) {
        writer.writeUInt32(self.recipientChannel)
    }
}

/// SSH_MSG_CHANNEL_EOF (RFC 4254 §5.3).
public struct ChannelEOF: ChannelSignal {
    public static let number = MessageNumber.channelEOF
    public var recipientChannel: UInt32

    public init(recipientChannel: UInt32) {
        self.recipientChannel = recipientChannel
    }
}

/// SSH_MSG_CHANNEL_CLOSE (RFC 4254 §5.3).
public struct ChannelClose: ChannelSignal {
    public static let number = MessageNumber.channelClose
    public var recipientChannel: UInt32

    public init(recipientChannel: UInt32) {
        self.recipientChannel = recipientChannel
    }
}

/// SSH_MSG_CHANNEL_SUCCESS (RFC 4254 §5.4).
public struct ChannelSuccess: ChannelSignal {
    public static let number = MessageNumber.channelSuccess
    public var recipientChannel: UInt32

    public init(recipientChannel: UInt32) {
        self.recipientChannel = recipientChannel
    }
}

/// SSH_MSG_CHANNEL_FAILURE (RFC 4254 §5.4).
public struct ChannelFailure: ChannelSignal {
    public static let number = MessageNumber.channelFailure
    public var recipientChannel: UInt32

    public init(recipientChannel: UInt32) {
        self.recipientChannel = recipientChannel
    }
}

/// SSH_MSG_CHANNEL_REQUEST (RFC 4254 §5.4), its fields unread.
public struct ChannelRequest: WireMessage, Equatable {
    public static let number = MessageNumber.channelRequest
    public var recipientChannel: UInt32
    public var name: String
    public var wantReply: Bool
    public var data: ByteBuffer

    public init(recipientChannel: UInt32, name: String, wantReply: Bool, data: ByteBuffer = ByteBuffer()) {
        self.recipientChannel = recipientChannel
        self.name = name
        self.wantReply = wantReply
        self.data = data
    }

    public init(from reader: inout WireReader) throws {
        self.recipientChannel = try reader.readUInt32()
        self.name = try reader.readText(limit: 256)
        self.wantReply = try reader.readBoolean()
        self.data = reader.readRemaining()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeUInt32(self.recipientChannel)
        writer.writeText(self.name)
        writer.writeBoolean(self.wantReply)
        writer.writeBytes(self.data)
    }
}
