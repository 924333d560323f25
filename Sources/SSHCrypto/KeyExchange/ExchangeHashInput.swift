/// What both sides of a key exchange hash, and the server signs (RFC 4253 §8, RFC 5656 §4, RFC 8731 §3.1).
public struct ExchangeHashInput: Sendable {
    /// V_C, without CR LF.
    public var clientVersion: [UInt8]
    /// V_S, without CR LF.
    public var serverVersion: [UInt8]
    /// I_C, the payload of the client's SSH_MSG_KEXINIT.
    public var clientKexInit: [UInt8]
    /// I_S, the payload of the server's SSH_MSG_KEXINIT.
    public var serverKexInit: [UInt8]
    /// K_S, the server's public key or certificate.
    public var hostKey: [UInt8]
    /// Q_C, C_INIT or e.
    public var initiatorValue: [UInt8]
    /// Q_S, S_REPLY or f.
    public var responderValue: [UInt8]
    /// K.
    public var secret: SharedSecret

    public init(
        clientVersion: [UInt8],
        serverVersion: [UInt8],
        clientKexInit: [UInt8],
        serverKexInit: [UInt8],
        hostKey: [UInt8],
        initiatorValue: [UInt8],
        responderValue: [UInt8],
        secret: SharedSecret
    ) {
        self.clientVersion = clientVersion
        self.serverVersion = serverVersion
        self.clientKexInit = clientKexInit
        self.serverKexInit = serverKexInit
        self.hostKey = hostKey
        self.initiatorValue = initiatorValue
        self.responderValue = responderValue
        self.secret = secret
    }

    /// H. The first one of a connection is also its session identifier.
    ///
    /// - Parameter algorithm: the hash function of the key exchange method.
    public func hash(_ algorithm: HashAlgorithm) -> [UInt8] {
        var hash = HashState(algorithm)
        hash.update(string: self.clientVersion)
        hash.update(string: self.serverVersion)
        hash.update(string: self.clientKexInit)
        hash.update(string: self.serverKexInit)
        hash.update(string: self.hostKey)
        hash.update(string: self.initiatorValue)
        hash.update(string: self.responderValue)
        hash.update(self.secret.encoded)
        return hash.finish()
    }
}
