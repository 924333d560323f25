public import NIOCore

/// SSH_MSG_CHANNEL_OPEN (RFC 4254 §5.1).
public struct ChannelOpen: WireMessage, Equatable {
    public enum Kind: Sendable, Equatable {
        /// RFC 4254 §6.1.
        case session
        /// RFC 4254 §7.2: from the client, please connect there.
        case directTCPIP(TunnelAddresses)
        /// RFC 4254 §7.2: from the server, somebody connected to your listener.
        case forwardedTCPIP(TunnelAddresses)
        /// OpenSSH's PROTOCOL §2.4: from the client, please connect to that Unix socket.
        case directStreamLocal(path: String)
        /// OpenSSH's PROTOCOL §2.4: from the server, somebody connected to your Unix socket.
        case forwardedStreamLocal(path: String)
        /// Any other, with its fields unread.
        case other(name: String, data: ByteBuffer)

        public var name: String {
            switch self {
            case .session: "session"
            case .directTCPIP: "direct-tcpip"
            case .forwardedTCPIP: "forwarded-tcpip"
            case .directStreamLocal: "direct-streamlocal@openssh.com"
            case .forwardedStreamLocal: "forwarded-streamlocal@openssh.com"
            case .other(let name, _): name
            }
        }
    }

    public static let number = MessageNumber.channelOpen
    public var kind: Kind
    public var senderChannel: UInt32
    public var initialWindow: UInt32
    public var maximumPacket: UInt32

    public init(kind: Kind, senderChannel: UInt32, initialWindow: UInt32, maximumPacket: UInt32) {
        self.kind = kind
        self.senderChannel = senderChannel
        self.initialWindow = initialWindow
        self.maximumPacket = maximumPacket
    }

    public init(from reader: inout WireReader) throws {
        let name = try reader.readText(limit: 256)
        self.senderChannel = try reader.readUInt32()
        self.initialWindow = try reader.readUInt32()
        self.maximumPacket = try reader.readUInt32()
        switch name {
        case "session": self.kind = .session
        case "direct-tcpip": self.kind = .directTCPIP(try TunnelAddresses(from: &reader))
        case "forwarded-tcpip": self.kind = .forwardedTCPIP(try TunnelAddresses(from: &reader))
        case "direct-streamlocal@openssh.com":
            self.kind = .directStreamLocal(path: try reader.readHost())
            // Reserved: a string and a number.
            _ = try reader.readString()
            _ = try reader.readUInt32()
        case "forwarded-streamlocal@openssh.com":
            self.kind = .forwardedStreamLocal(path: try reader.readHost())
            // Reserved.
            _ = try reader.readString()
        default: self.kind = .other(name: name, data: reader.readRemaining())
        }
    }

    public func write(to writer: inout WireWriter) {
        writer.writeText(self.kind.name)
        writer.writeUInt32(self.senderChannel)
        writer.writeUInt32(self.initialWindow)
        writer.writeUInt32(self.maximumPacket)
        switch self.kind {
        case .session: break
        case .directTCPIP(let addresses), .forwardedTCPIP(let addresses): addresses.write(to: &writer)
        case .directStreamLocal(let path):
            writer.writeText(path)
            writer.writeText("")
            writer.writeUInt32(0)
        case .forwardedStreamLocal(let path):
            writer.writeText(path)
            writer.writeText("")
        case .other(_, let data): writer.writeBytes(data)
        }
    }
}

/// The two address pairs of direct-tcpip (host to connect) and forwarded-tcpip (address that was connected), RFC 4254 §7.2.
public struct TunnelAddresses: Sendable, Hashable {
    public var host: String
    public var port: UInt32
    public var originatorAddress: String
    public var originatorPort: UInt32

    public init(host: String, port: UInt32, originatorAddress: String, originatorPort: UInt32) {
        self.host = host
        self.port = port
        self.originatorAddress = originatorAddress
        self.originatorPort = originatorPort
    }

    init(from reader: inout WireReader) throws {
        self.host = try reader.readHost()
        self.port = try reader.readUInt32()
        self.originatorAddress = try reader.readHost()
        self.originatorPort = try reader.readUInt32()
    }

    func write(to writer: inout WireWriter) {
        writer.writeText(self.host)
        writer.writeUInt32(self.port)
        writer.writeText(self.originatorAddress)
        writer.writeUInt32(self.originatorPort)
    }
}

/// SSH_MSG_CHANNEL_OPEN_CONFIRMATION (RFC 4254 §5.1).
public struct ChannelOpenConfirmation: WireMessage, Equatable {
    public static let number = MessageNumber.channelOpenConfirmation
    public var recipientChannel: UInt32
    public var senderChannel: UInt32
    public var initialWindow: UInt32
    public var maximumPacket: UInt32

    public init(recipientChannel: UInt32, senderChannel: UInt32, initialWindow: UInt32, maximumPacket: UInt32) {
        self.recipientChannel = recipientChannel
        self.senderChannel = senderChannel
        self.initialWindow = initialWindow
        self.maximumPacket = maximumPacket
    }

    public init(from reader: inout WireReader) throws {
        self.recipientChannel = try reader.readUInt32()
        self.senderChannel = try reader.readUInt32()
        self.initialWindow = try reader.readUInt32()
        self.maximumPacket = try reader.readUInt32()
        // Channel-type specific data may follow; none of ours has any.
        _ = reader.readRemaining()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeUInt32(self.recipientChannel)
        writer.writeUInt32(self.senderChannel)
        writer.writeUInt32(self.initialWindow)
        writer.writeUInt32(self.maximumPacket)
    }
}

/// SSH_MSG_CHANNEL_OPEN_FAILURE (RFC 4254 §5.1).
public struct ChannelOpenFailure: WireMessage, Equatable {
    public struct Reason: RawRepresentable, Hashable, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        public static let administrativelyProhibited = Reason(rawValue: 1)
        public static let connectFailed = Reason(rawValue: 2)
        public static let unknownChannelType = Reason(rawValue: 3)
        public static let resourceShortage = Reason(rawValue: 4)
    }

    public static let number = MessageNumber.channelOpenFailure
    public var recipientChannel: UInt32
    public var reason: Reason
    public var message: String

    public init(recipientChannel: UInt32, reason: Reason, message: String) {
        self.recipientChannel = recipientChannel
        self.reason = reason
        self.message = message
    }

    public init(from reader: inout WireReader) throws {
        self.recipientChannel = try reader.readUInt32()
        self.reason = Reason(rawValue: try reader.readUInt32())
        // One channel's refusal is not to cost the others.
        self.message = try reader.readRemark()
        if reader.remaining > 0 { _ = try reader.readString() }
    }

    public func write(to writer: inout WireWriter) {
        writer.writeUInt32(self.recipientChannel)
        writer.writeUInt32(self.reason.rawValue)
        writer.writeText(self.message)
        writer.writeText("")
    }
}
