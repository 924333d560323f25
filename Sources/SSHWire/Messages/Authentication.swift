public import NIOCore

/// SSH_MSG_USERAUTH_REQUEST (RFC 4252 §5).
public struct UserAuthenticationRequest: WireMessage, Equatable {
    public enum Method: Sendable, Equatable {
        /// RFC 4252 §5.2.
        case none
        /// RFC 4252 §7, or publickey-hostbound-v00@openssh.com (PROTOCOL §3.1), which adds the server's host key.
        case publicKey(PublicKeyMethod)
        /// A method that is not served here, by name.
        case other(String)
    }

    public struct PublicKeyMethod: Sendable, Equatable {
        public var algorithm: String
        /// A public key or a certificate.
        public var blob: [UInt8]
        /// The server's host key, for publickey-hostbound-v00@openssh.com alone.
        public var boundHostKey: [UInt8]?
        /// None when the client asks whether the key would do.
        public var signature: [UInt8]?

        public init(algorithm: String, blob: [UInt8], boundHostKey: [UInt8]?, signature: [UInt8]?) {
            self.algorithm = algorithm
            self.blob = blob
            self.boundHostKey = boundHostKey
            self.signature = signature
        }

        public var name: String {
            self.boundHostKey == nil ? "publickey" : UserAuthenticationRequest.hostBoundMethodName
        }
    }

    public static let hostBoundMethodName = "publickey-hostbound-v00@openssh.com"

    public static let number = MessageNumber.userAuthenticationRequest
    public var user: String
    public var service: String
    public var method: Method

    public init(user: String, service: String = "ssh-connection", method: Method) {
        self.user = user
        self.service = service
        self.method = method
    }

    public init(from reader: inout WireReader) throws {
        self.user = try reader.readText(limit: 1024)
        self.service = try reader.readText(limit: 256)
        let name = try reader.readText(limit: 256)
        switch name {
        case "none":
            self.method = .none
        case "publickey", Self.hostBoundMethodName:
            let isSigned = try reader.readBoolean()
            let algorithm = try reader.readText(limit: 256)
            let blob = try reader.readBytesString()
            let boundHostKey = name == "publickey" ? nil : try reader.readBytesString()
            let signature = isSigned ? try reader.readBytesString() : nil
            self.method = .publicKey(
                PublicKeyMethod(algorithm: algorithm, blob: blob, boundHostKey: boundHostKey, signature: signature)
            )
        default:
            _ = reader.readRemaining()
            self.method = .other(name)
        }
    }

    public func write(to writer: inout WireWriter) {
        writer.writeText(self.user)
        writer.writeText(self.service)
        switch self.method {
        case .none:
            writer.writeText("none")
        case .publicKey(let method):
            writer.writeText(method.name)
            writer.writeBoolean(method.signature != nil)
            writer.writeText(method.algorithm)
            writer.writeString(method.blob)
            if let hostKey = method.boundHostKey { writer.writeString(hostKey) }
            if let signature = method.signature { writer.writeString(signature) }
        case .other(let name):
            writer.writeText(name)
        }
    }

    /// What a publickey signature covers (RFC 4252 §7): the session identifier, then the request up to the signature.
    public func signedBytes(sessionIdentifier: [UInt8]) -> [UInt8] {
        guard case .publicKey(let method) = self.method else { return [] }
        var writer = WireWriter()
        writer.writeString(sessionIdentifier)
        writer.writeByte(Self.number.rawValue)
        writer.writeText(self.user)
        writer.writeText(self.service)
        writer.writeText(method.name)
        writer.writeBoolean(true)
        writer.writeText(method.algorithm)
        writer.writeString(method.blob)
        if let hostKey = method.boundHostKey { writer.writeString(hostKey) }
        return writer.bytes
    }
}

/// SSH_MSG_USERAUTH_FAILURE (RFC 4252 §5.1).
public struct UserAuthenticationFailure: WireMessage, Equatable {
    public static let number = MessageNumber.userAuthenticationFailure
    public var methodsThatCanContinue: [String]
    public var partialSuccess: Bool

    public init(methodsThatCanContinue: [String], partialSuccess: Bool = false) {
        self.methodsThatCanContinue = methodsThatCanContinue
        self.partialSuccess = partialSuccess
    }

    public init(from reader: inout WireReader) throws {
        self.methodsThatCanContinue = try reader.readNameList(isLenient: true)
        self.partialSuccess = try reader.readBoolean()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeNameList(self.methodsThatCanContinue)
        writer.writeBoolean(self.partialSuccess)
    }
}

/// SSH_MSG_USERAUTH_SUCCESS (RFC 4252 §5.1).
public struct UserAuthenticationSuccess: EmptyWireMessage, Equatable {
    public static let number = MessageNumber.userAuthenticationSuccess

    public init() {}
}

/// SSH_MSG_USERAUTH_BANNER (RFC 4252 §5.4).
public struct UserAuthenticationBanner: WireMessage, Equatable {
    public static let number = MessageNumber.userAuthenticationBanner
    public var message: ByteBuffer

    public init(message: ByteBuffer) {
        self.message = message
    }

    public init(from reader: inout WireReader) throws {
        self.message = try reader.readString()
        _ = try reader.readString()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeString(self.message)
        writer.writeText("")
    }
}

/// SSH_MSG_USERAUTH_PK_OK (RFC 4252 §7).
public struct UserAuthenticationPublicKeyOK: WireMessage, Equatable {
    public static let number = MessageNumber.userAuthenticationPublicKeyOK
    public var algorithm: String
    public var blob: [UInt8]

    public init(algorithm: String, blob: [UInt8]) {
        self.algorithm = algorithm
        self.blob = blob
    }

    public init(from reader: inout WireReader) throws {
        self.algorithm = try reader.readText(limit: 256)
        self.blob = try reader.readBytesString()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeText(self.algorithm)
        writer.writeString(self.blob)
    }
}
