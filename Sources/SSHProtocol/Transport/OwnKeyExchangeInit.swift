import NIOCore
import SSHWire
import Synchronization

/// A KEXINIT of ours but for its cookie, and what it led to with the last peer: thousands of devices that come back say the same.
final class OwnKeyExchangeInit: Sendable {
    /// What two KEXINIT messages settle.
    struct Settled: Sendable {
        var algorithms: NegotiatedAlgorithms
        /// RFC 8308 §2.1, strict key exchange (PROTOCOL §1.10): heeded in a connection's first KEXINIT alone.
        var peerWantsExtensionInfo: Bool
        var isStrict: Bool
        /// RFC 4253 §7.1: a wrong guess is followed by one packet to ignore.
        var ignoresNextPacket: Bool
    }

    private struct Last: Sendable {
        let peerInit: ByteBuffer
        let settled: Settled
    }

    /// Where the cookie stands in the payload, behind the message's number.
    private static let cookie = 1..<17
    /// A longer message is not remembered.
    private static let longest = 8 * 1024

    private let role: EngineConfiguration.Role
    private let message: KeyExchangeInit
    private let template: [UInt8]
    private let last = Mutex<Last?>(nil)

    init(_ role: EngineConfiguration.Role, _ message: KeyExchangeInit) {
        self.role = role
        self.message = message
        var message = message
        message.cookie = [UInt8](repeating: 0, count: Self.cookie.count)
        self.template = message.payload().bytes
    }

    /// The message's payload.
    func payload(cookie: [UInt8]) -> [UInt8] {
        var payload = self.template
        payload.replaceSubrange(Self.cookie, with: cookie)
        return payload
    }

    /// - Throws: `noCommonAlgorithm`, or what is wrong with the peer's message.
    func settle(with peerInit: WireReader) throws -> Settled {
        let buffer = peerInit.buffer
        let rest = buffer.getSlice(
            at: buffer.readerIndex + Self.cookie.upperBound,
            length: buffer.readableBytes - Self.cookie.upperBound
        )
        guard let rest, rest.readableBytes <= Self.longest else {
            return try self.work(out: try KeyExchangeInit(payload: peerInit))
        }
        if let last = self.last.withLock({ $0 }), last.peerInit == rest { return last.settled }
        let settled = try self.work(out: try KeyExchangeInit(payload: peerInit))
        // A copy: a slice would keep what else came with it.
        let last = Last(peerInit: ByteBuffer(bytes: rest.readableBytesView), settled: settled)
        self.last.withLock { $0 = last }
        return settled
    }

    private func work(out peerInit: KeyExchangeInit) throws -> Settled {
        let isClient = self.role == .client
        let client = isClient ? self.message : peerInit
        let server = isClient ? peerInit : self.message
        let strict = isClient ? Negotiation.strictServer : Negotiation.strictClient
        return Settled(
            algorithms: try Negotiation.negotiate(client: client, server: server, role: self.role),
            peerWantsExtensionInfo: !isClient && peerInit.keyExchange.contains(Negotiation.extensionInfoClient),
            isStrict: peerInit.keyExchange.contains(strict),
            ignoresNextPacket: peerInit.firstKeyExchangePacketFollows
                && Negotiation.guessIsWrong(client: client, server: server)
        )
    }
}
