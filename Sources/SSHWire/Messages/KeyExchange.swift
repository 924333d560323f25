import NIOCore

/// SSH_MSG_KEXINIT (RFC 4253 §7.1).
public struct KeyExchangeInit: WireMessage, Equatable {
    public static let number = MessageNumber.keyExchangeInit
    /// 16 random bytes.
    public var cookie: [UInt8]
    public var keyExchange: NameList
    public var hostKey: NameList
    public var cipherClientToServer: NameList
    public var cipherServerToClient: NameList
    public var macClientToServer: NameList
    public var macServerToClient: NameList
    public var compressionClientToServer: NameList
    public var compressionServerToClient: NameList
    public var firstKeyExchangePacketFollows: Bool

    public init(
        cookie: [UInt8],
        keyExchange: [String],
        hostKey: [String],
        ciphers: [String],
        macs: [String],
        firstKeyExchangePacketFollows: Bool = false
    ) {
        self.cookie = cookie
        self.keyExchange = NameList(keyExchange)
        self.hostKey = NameList(hostKey)
        self.cipherClientToServer = NameList(ciphers)
        self.cipherServerToClient = self.cipherClientToServer
        self.macClientToServer = NameList(macs)
        self.macServerToClient = self.macClientToServer
        self.compressionClientToServer = NameList(["none"])
        self.compressionServerToClient = self.compressionClientToServer
        self.firstKeyExchangePacketFollows = firstKeyExchangePacketFollows
    }

    public init(from reader: inout WireReader) throws {
        self.cookie = Array(try reader.readBytes(16).readableBytesView)
        self.keyExchange = try reader.readNames(isLenient: true)
        self.hostKey = try reader.readNames(isLenient: true)
        self.cipherClientToServer = try reader.readNames(isLenient: true)
        self.cipherServerToClient = try reader.readNames(isLenient: true)
        self.macClientToServer = try reader.readNames(isLenient: true)
        self.macServerToClient = try reader.readNames(isLenient: true)
        self.compressionClientToServer = try reader.readNames(isLenient: true)
        self.compressionServerToClient = try reader.readNames(isLenient: true)
        _ = try reader.readNames(isLenient: true)
        _ = try reader.readNames(isLenient: true)
        self.firstKeyExchangePacketFollows = try reader.readBoolean()
        // RFC 4253 §7.1: reserved for future extension.
        _ = try reader.readUInt32()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeBytes(self.cookie)
        writer.writeNameList(self.keyExchange)
        writer.writeNameList(self.hostKey)
        writer.writeNameList(self.cipherClientToServer)
        writer.writeNameList(self.cipherServerToClient)
        writer.writeNameList(self.macClientToServer)
        writer.writeNameList(self.macServerToClient)
        writer.writeNameList(self.compressionClientToServer)
        writer.writeNameList(self.compressionServerToClient)
        writer.writeText("")
        writer.writeText("")
        writer.writeBoolean(self.firstKeyExchangePacketFollows)
        writer.writeUInt32(0)
    }
}

/// SSH_MSG_KEX_ECDH_INIT (RFC 5656 §4, RFC 8731 §3), and with the same number and form the hybrid methods' SSH_MSG_KEX_HYBRID_INIT
/// and SSH_MSG_KEXDH_INIT (RFC 4253 §8): an mpint looks like a string that holds the integer.
public struct KeyExchangeECDHInit: WireMessage, Equatable {
    public static let number = MessageNumber.keyExchangeECDHInit
    /// Q_C, C_INIT, or the content of e.
    public var initiatorValue: [UInt8]

    public init(initiatorValue: [UInt8]) {
        self.initiatorValue = initiatorValue
    }

    public init(from reader: inout WireReader) throws {
        self.initiatorValue = try reader.readBytesString()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeString(self.initiatorValue)
    }
}

/// SSH_MSG_KEX_ECDH_REPLY (RFC 5656 §4, RFC 8731 §3), SSH_MSG_KEX_HYBRID_REPLY and SSH_MSG_KEXDH_REPLY.
public struct KeyExchangeECDHReply: WireMessage, Equatable {
    public static let number = MessageNumber.keyExchangeECDHReply
    /// K_S: the server's public key or certificate.
    public var hostKey: [UInt8]
    /// Q_S, S_REPLY, or the content of f.
    public var responderValue: [UInt8]
    /// The signature of the exchange hash.
    public var signature: [UInt8]

    public init(hostKey: [UInt8], responderValue: [UInt8], signature: [UInt8]) {
        self.hostKey = hostKey
        self.responderValue = responderValue
        self.signature = signature
    }

    public init(from reader: inout WireReader) throws {
        self.hostKey = try reader.readBytesString()
        self.responderValue = try reader.readBytesString()
        self.signature = try reader.readBytesString()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeString(self.hostKey)
        writer.writeString(self.responderValue)
        writer.writeString(self.signature)
    }
}
