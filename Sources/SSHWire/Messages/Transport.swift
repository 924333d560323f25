public import NIOCore

/// SSH_MSG_DISCONNECT (RFC 4253 §11.1).
public struct Disconnect: WireMessage, Equatable {
    public struct Reason: RawRepresentable, Hashable, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        public static let hostNotAllowedToConnect = Reason(rawValue: 1)
        public static let protocolError = Reason(rawValue: 2)
        public static let keyExchangeFailed = Reason(rawValue: 3)
        public static let macError = Reason(rawValue: 5)
        public static let serviceNotAvailable = Reason(rawValue: 7)
        public static let protocolVersionNotSupported = Reason(rawValue: 8)
        public static let hostKeyNotVerifiable = Reason(rawValue: 9)
        public static let connectionLost = Reason(rawValue: 10)
        public static let byApplication = Reason(rawValue: 11)
        public static let tooManyConnections = Reason(rawValue: 12)
        public static let noMoreAuthenticationMethods = Reason(rawValue: 14)
    }

    public static let number = MessageNumber.disconnect
    public var reason: Reason
    public var message: String

    public init(reason: Reason, message: String) {
        self.reason = reason
        self.message = message
    }

    public init(from reader: inout WireReader) throws {
        self.reason = Reason(rawValue: try reader.readUInt32())
        self.message = try reader.readRemark()
        // Some peers leave the language tag out.
        if reader.remaining > 0 { _ = try reader.readString() }
    }

    public func write(to writer: inout WireWriter) {
        writer.writeUInt32(self.reason.rawValue)
        writer.writeText(self.message)
        writer.writeText("")
    }
}

/// SSH_MSG_UNIMPLEMENTED (RFC 4253 §11.4).
public struct Unimplemented: WireMessage, Equatable {
    public static let number = MessageNumber.unimplemented
    public var sequenceNumber: UInt32

    public init(sequenceNumber: UInt32) {
        self.sequenceNumber = sequenceNumber
    }

    public init(from reader: inout WireReader) throws {
        self.sequenceNumber = try reader.readUInt32()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeUInt32(self.sequenceNumber)
    }
}

/// SSH_MSG_DEBUG (RFC 4253 §11.3).
public struct Debug: WireMessage, Equatable {
    public static let number = MessageNumber.debug
    public var alwaysDisplay: Bool
    public var message: ByteBuffer

    public init(alwaysDisplay: Bool, message: ByteBuffer) {
        self.alwaysDisplay = alwaysDisplay
        self.message = message
    }

    public init(from reader: inout WireReader) throws {
        self.alwaysDisplay = try reader.readBoolean()
        self.message = try reader.readString()
        _ = try reader.readString()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeBoolean(self.alwaysDisplay)
        writer.writeString(self.message)
        writer.writeText("")
    }
}

/// SSH_MSG_SERVICE_REQUEST (RFC 4253 §10).
public struct ServiceRequest: WireMessage, Equatable {
    public static let number = MessageNumber.serviceRequest
    public var service: String

    public init(service: String) {
        self.service = service
    }

    public init(from reader: inout WireReader) throws {
        self.service = try reader.readText(limit: 256)
    }

    public func write(to writer: inout WireWriter) {
        writer.writeText(self.service)
    }
}

/// SSH_MSG_SERVICE_ACCEPT (RFC 4253 §10).
public struct ServiceAccept: WireMessage, Equatable {
    public static let number = MessageNumber.serviceAccept
    public var service: String

    public init(service: String) {
        self.service = service
    }

    public init(from reader: inout WireReader) throws {
        self.service = try reader.readText(limit: 256)
    }

    public func write(to writer: inout WireWriter) {
        writer.writeText(self.service)
    }
}

/// SSH_MSG_EXT_INFO (RFC 8308 §2.3).
public struct ExtensionInfo: WireMessage, Equatable {
    /// More extensions than anybody has defined; a peer that sends more is refused.
    public static let maximumCount = 64

    public static let number = MessageNumber.extensionInfo
    public var extensions: [(name: String, value: ByteBuffer)]

    public init(extensions: [(name: String, value: ByteBuffer)]) {
        self.extensions = extensions
    }

    public init(from reader: inout WireReader) throws {
        let count = try reader.readUInt32()
        guard count <= Self.maximumCount else {
            throw SSHError(.limitExceeded, "SSH_MSG_EXT_INFO announces \(count) extensions")
        }
        self.extensions = []
        for _ in 0..<count {
            self.extensions.append((name: try reader.readText(limit: 256), value: try reader.readString()))
        }
    }

    public func write(to writer: inout WireWriter) {
        writer.writeUInt32(UInt32(clamping: self.extensions.count))
        for (name, value) in self.extensions {
            writer.writeText(name)
            writer.writeString(value)
        }
    }

    /// The value of the first extension of that name.
    public subscript(name: String) -> ByteBuffer? {
        self.extensions.first { $0.name == name }?.value
    }

    public static func == (left: ExtensionInfo, right: ExtensionInfo) -> Bool {
        left.extensions.elementsEqual(right.extensions) { $0 == $1 }
    }
}

/// SSH_MSG_NEWKEYS (RFC 4253 §7.3).
public struct NewKeys: EmptyWireMessage, Equatable {
    public static let number = MessageNumber.newKeys

    public init() {}
}

/// SSH2_MSG_PING of ping@openssh.com (PROTOCOL §1.9).
public struct Ping: WireMessage, Equatable {
    public static let number = MessageNumber.ping
    public var data: ByteBuffer

    public init(data: ByteBuffer) {
        self.data = data
    }

    public init(from reader: inout WireReader) throws {
        self.data = try reader.readString()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeString(self.data)
    }
}

/// SSH2_MSG_PONG of ping@openssh.com (PROTOCOL §1.9).
public struct Pong: WireMessage, Equatable {
    public static let number = MessageNumber.pong
    public var data: ByteBuffer

    public init(data: ByteBuffer) {
        self.data = data
    }

    public init(from reader: inout WireReader) throws {
        self.data = try reader.readString()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeString(self.data)
    }
}
