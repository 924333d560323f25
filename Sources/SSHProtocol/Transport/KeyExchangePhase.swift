import SSHCrypto
import SSHWire

/// Where a key exchange stands (RFC 4253 §7). Each phase holds just what the next message needs.
enum KeyExchangePhase {
    /// Keys are in use, or nothing has begun yet.
    case idle
    /// Our KEXINIT is out, the peer's is awaited.
    case awaitingInit(ownInit: [UInt8])
    /// Server: the client's public value is awaited.
    case awaitingInitiatorValue(Agreed)
    /// Server: whoever holds the host key signs.
    case awaitingSignature(Agreed, Secrets, reply: UnsignedReply)
    /// Client: the server's public value, host key and signature are awaited.
    case awaitingReply(Agreed, initiator: KeyExchangeInitiator)
    /// Client: somebody decides whether the host key is the right one.
    case awaitingHostKeyDecision(Agreed, Secrets)
    /// Our NEWKEYS is out, the peer's is awaited.
    case awaitingNewKeys(opener: PacketOpener, algorithms: NegotiatedAlgorithms)

    /// What the two KEXINIT messages settled.
    struct Agreed {
        var algorithms: NegotiatedAlgorithms
        var ownInit: [UInt8]
        var peerInit: [UInt8]
        /// RFC 4253 §7.1: a wrong guess is followed by one packet to ignore.
        var ignoresNextPacket: Bool
    }

    /// What the exchange itself yields.
    struct Secrets {
        var secret: SharedSecret
        var exchangeHash: [UInt8]
    }

    /// What a server answers, but for the signature.
    struct UnsignedReply {
        /// K_S of RFC 4253 §8.
        var hostKey: [UInt8]
        var responderValue: [UInt8]
    }

    var isIdle: Bool {
        if case .idle = self { true } else { false }
    }

    /// Between the peer's KEXINIT and its NEWKEYS nothing but key exchange may come (RFC 4253 §7.1), and `LateMessages`.
    var peerMayOnlyExchangeKeys: Bool {
        switch self {
        case .idle, .awaitingInit: false
        case .awaitingInitiatorValue, .awaitingSignature, .awaitingReply, .awaitingHostKeyDecision, .awaitingNewKeys:
            true
        }
    }

    /// Between our KEXINIT and our NEWKEYS nothing but key exchange may leave.
    var holdsOwnMessages: Bool {
        switch self {
        case .idle, .awaitingNewKeys: false
        case .awaitingInit, .awaitingInitiatorValue, .awaitingSignature, .awaitingReply, .awaitingHostKeyDecision: true
        }
    }
}
