public import NIOCore

/// The message numbers of RFC 4253 §12, RFC 4252 §6, RFC 4254 §9, RFC 8308 §2.2 and OpenSSH's PROTOCOL §1.9.
public struct MessageNumber: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let disconnect = MessageNumber(rawValue: 1)
    public static let ignore = MessageNumber(rawValue: 2)
    public static let unimplemented = MessageNumber(rawValue: 3)
    public static let debug = MessageNumber(rawValue: 4)
    public static let serviceRequest = MessageNumber(rawValue: 5)
    public static let serviceAccept = MessageNumber(rawValue: 6)
    public static let extensionInfo = MessageNumber(rawValue: 7)
    public static let keyExchangeInit = MessageNumber(rawValue: 20)
    public static let newKeys = MessageNumber(rawValue: 21)
    /// SSH_MSG_KEX_ECDH_INIT, SSH_MSG_KEX_HYBRID_INIT and SSH_MSG_KEXDH_INIT share a number and a form.
    public static let keyExchangeECDHInit = MessageNumber(rawValue: 30)
    public static let keyExchangeECDHReply = MessageNumber(rawValue: 31)
    public static let userAuthenticationRequest = MessageNumber(rawValue: 50)
    public static let userAuthenticationFailure = MessageNumber(rawValue: 51)
    public static let userAuthenticationSuccess = MessageNumber(rawValue: 52)
    public static let userAuthenticationBanner = MessageNumber(rawValue: 53)
    public static let userAuthenticationPublicKeyOK = MessageNumber(rawValue: 60)
    public static let globalRequest = MessageNumber(rawValue: 80)
    public static let requestSuccess = MessageNumber(rawValue: 81)
    public static let requestFailure = MessageNumber(rawValue: 82)
    public static let channelOpen = MessageNumber(rawValue: 90)
    public static let channelOpenConfirmation = MessageNumber(rawValue: 91)
    public static let channelOpenFailure = MessageNumber(rawValue: 92)
    public static let channelWindowAdjust = MessageNumber(rawValue: 93)
    public static let channelData = MessageNumber(rawValue: 94)
    public static let channelExtendedData = MessageNumber(rawValue: 95)
    public static let channelEOF = MessageNumber(rawValue: 96)
    public static let channelClose = MessageNumber(rawValue: 97)
    public static let channelRequest = MessageNumber(rawValue: 98)
    public static let channelSuccess = MessageNumber(rawValue: 99)
    public static let channelFailure = MessageNumber(rawValue: 100)
    public static let ping = MessageNumber(rawValue: 192)
    public static let pong = MessageNumber(rawValue: 193)

    /// RFC 4250 §4.1.2: numbers below 50 belong to the transport layer.
    public var isTransport: Bool { self.rawValue < 50 || self == .ping || self == .pong }
    /// Numbers that only key exchange uses: KEXINIT, NEWKEYS and the methods' own.
    public var isKeyExchange: Bool { (20...49).contains(self.rawValue) }
    /// The methods' own (RFC 4250 §4.1.2): KEXINIT and NEWKEYS are not among them.
    public var isKeyExchangeMethod: Bool { (30...49).contains(self.rawValue) }
    public var isAuthentication: Bool { (50...79).contains(self.rawValue) }

    public var description: String { "message \(self.rawValue)" }
}

/// A message with a fixed number and fixed fields.
public protocol WireMessage: Sendable {
    static var number: MessageNumber { get }

    /// Reads the fields behind the message number; the caller checks that nothing is left.
    init(from reader: inout WireReader) throws

    /// Writes the fields behind the message number.
    func write(to writer: inout WireWriter)
}

extension WireMessage {
    /// Reads a whole payload whose number has been looked at already.
    public init(payload: WireReader) throws {
        var reader = payload
        let number = try reader.readByte()
        guard number == Self.number.rawValue else {
            throw SSHError.protocolViolation("expected \(Self.number), received message \(number)")
        }
        try self.init(from: &reader)
        try reader.expectEnd()
    }

    /// Number and fields.
    public func payload() -> WireWriter {
        // Most messages are shorter: their buffer need not grow.
        self.payload(in: ByteBufferAllocator().buffer(capacity: 64))
    }

    /// The same, written into a buffer that is empty.
    public func payload(in buffer: consuming ByteBuffer) -> WireWriter {
        var writer = WireWriter(buffer)
        writer.writeByte(Self.number.rawValue)
        self.write(to: &writer)
        return writer
    }
}

/// A message that is its number and nothing else.
public protocol EmptyWireMessage: WireMessage {
    init()
}

extension EmptyWireMessage {
    public init(from reader: inout WireReader) throws {
        self.init()
    }

    public func write(to writer: inout WireWriter) {}
}
