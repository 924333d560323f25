public import NIOCore
public import SSHCrypto
import SSHWire

/// What an engine is told when it is made. Nothing in it changes while the connection lives.
public struct EngineConfiguration: Sendable {
    public enum Role: Sendable, Equatable {
        case client
        case server
    }

    public var role: Role { didSet { self.prepared = nil } }
    /// The software version of our identification line (RFC 4253 §4.2), without `SSH-2.0-`.
    public var softwareVersion = "SwiftRelay_0.1" { didSet { self.prepared = nil } }
    /// What follows it after a space, the comments of RFC 4253 §4.2; printable ASCII, or empty.
    public var versionAddendum = "" { didSet { self.prepared = nil } }
    public var algorithms: AlgorithmPreferences { didSet { self.prepared = nil } }
    public var limits = EngineLimits()
    public var rekeyLimit = RekeyLimit()
    public var keepalive = Keepalive()
    /// Where the memory that a peer makes us hold comes from: windows, channels, what waits for a key exchange.
    public var memoryBudget = ResourceBudget.memory

    /// Server: the keys that prove who we are, the preferred first. For a signature by one that is no `SigningKey` the engine asks
    /// (`Event.signatureWanted`).
    public var hostKeys: [any KeyPair] = [] { didSet { self.prepared = nil } }
    /// Server: certificates of those keys, which are offered before the keys themselves.
    public var hostCertificates: [Certificate] = [] { didSet { self.prepared = nil } }
    /// Server: the layer above is told who wants to log in before anything is answered, so that it can say something first
    /// (`Event.loginBegins`).
    public var announcesLogin = false
    /// Server: signature algorithms accepted from users; announced in server-sig-algs (RFC 8308 §3.1). Client: what keys may sign with.
    public var userKeyAlgorithms: [String] = AlgorithmPreferences.userKeySignatures {
        didSet { self.announcedExtensions = Self.announced(self.userKeyAlgorithms) }
    }
    /// Server: its SSH_MSG_EXT_INFO.
    private(set) var announcedExtensions = Self.announced(AlgorithmPreferences.userKeySignatures)
    /// Server: failed tries before the connection ends (MaxAuthTries).
    public var maximumAuthenticationTries = 6

    /// Client: the account to log in to.
    public var user = ""
    /// Client: keys to try, in order. One that is no `SigningKey` is asked about first, and signs only if the server would take
    /// it: whoever holds it may have to touch something.
    public var identities: [any KeyPair] = []

    /// What `prepare` has worked out.
    var prepared: Prepared?

    public init(role: Role, algorithms: AlgorithmPreferences = AlgorithmPreferences()) {
        self.role = role
        self.algorithms = algorithms
    }

    /// RFC 8308 §3.1, PROTOCOL §1.9 and §3.1. In server-sig-algs stand the signatures themselves, as in OpenSSH, not the names of
    /// certificates.
    private static func announced(_ algorithms: [String]) -> WireWriter {
        let signatures = algorithms.filter { !CertificateAlgorithm.isCertificate($0) }.joined(separator: ",")
        let message = ExtensionInfo(extensions: [
            ("server-sig-algs", ByteBuffer(string: signatures)),
            (PeerExtensions.hostBound, ByteBuffer(string: "0")),
            (PeerExtensions.ping, ByteBuffer(string: "0")),
        ])
        return message.payload()
    }
}

/// The algorithms that are offered, in order of preference.
public struct AlgorithmPreferences: Sendable, Equatable {
    public var keyExchange: [KeyExchangeAlgorithm] = KeyExchangeAlgorithm.offered
    /// Client: what it can verify. A server offers what its host keys can sign instead.
    public var hostKey: [String] = Self.hostKeySignatures
    public var ciphers: [CipherAlgorithm] = CipherAlgorithm.allCases
    public var macs: [MACAlgorithm] = MACAlgorithm.allCases

    public init() {}

    /// Host key algorithms that a client verifies, ed25519 first.
    public static let hostKeySignatures = [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512",
        "rsa-sha2-256",
    ]

    /// The certificates of such keys (PROTOCOL.certkeys).
    public static let hostCertificates = Self.hostKeySignatures.map { $0 + "-cert-v01@openssh.com" }

    /// Signatures that a server accepts from users. SHA-1 (`ssh-rsa`) and DSA never are.
    public static let userKeySignatures = [
        "ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ecdsa-sha2-nistp256@openssh.com", "rsa-sha2-512", "rsa-sha2-256",
    ]
}

/// Bounds on what one peer can make us hold or do.
public struct EngineLimits: Sendable, Equatable {
    /// The largest packet_length before authentication (RFC 4253 §6.1) and after it.
    public var packetLengthBeforeLogin: UInt32 = 35_000
    public var packetLength: UInt32 = 256 * 1024
    /// Packets and bytes a peer may send before it is authenticated.
    public var packetsBeforeLogin: UInt64 = 512
    public var bytesBeforeLogin: UInt64 = 1024 * 1024
    /// Channels at once. What they take of the memory budget is the bound that matters.
    public var channels = 1_000_000
    /// Requests of the peer that wait for an answer.
    public var unansweredRequests = 1_024
    /// The window that a channel begins with, less when memory is short, and the one that it gets when its sink takes what comes.
    public var channelWindow: UInt32 = 128 * 1024
    public var ordinaryChannelWindow: UInt32 = 2 * 1024 * 1024
    /// How far a window grows on a long or a fast way.
    public var largestChannelWindow: UInt32 = 64 * 1024 * 1024
    public var channelPacket: UInt32 = 64 * 1024
    /// What a channel is counted as beside its window: its objects, and what is read from its socket at a time.
    public static let channelCost = 24 * 1024
    /// Messages that wait for a key exchange to end, in bytes of memory.
    public var bytesHeldByKeyExchange = 2 * 1024 * 1024
    /// Messages that a peer may send after its KEXINIT under the old keys, and their bytes.
    public var lateMessages = 4_096
    public var bytesOfLateMessages = 1024 * 1024
    /// How long one key exchange may take.
    public var keyExchangeTime = TimeAmount.seconds(120)
    /// Key exchanges that a peer may start within seconds of the one before and with next to no data between.
    public var idleKeyExchanges = 32
    /// A banner, in bytes: what ssh can be shown by an sshd, whose banner is one packet.
    public static let banner = 256 * 1024
    /// One of a banner's messages, in bytes: what RFC 4253 §6.1 lets every peer expect, less the message's other fields.
    static let bannerPiece = 32_000

    public init() {}
}

/// When the keys are renewed (RFC 4253 §9): whichever comes first.
public struct RekeyLimit: Sendable, Equatable {
    public var bytes: UInt64 = 1024 * 1024 * 1024
    public var packets: UInt64 = 1 << 31
    public var time: TimeAmount? = .hours(1)

    public init() {}
}

/// ClientAliveInterval and ServerAliveInterval: ask a silent peer for a sign of life.
public struct Keepalive: Sendable, Equatable {
    /// Silence after which a peer is asked; nil never asks.
    public var interval: TimeAmount?
    /// Unanswered questions after which the next silent interval ends the connection; nil never ends it.
    public var countMaximum: Int?

    public init(interval: TimeAmount? = nil, countMaximum: Int? = 3) {
        self.interval = interval
        self.countMaximum = countMaximum
    }
}
