public import SSHCrypto
import SSHWire

/// What both sides agreed on (RFC 4253 §7.1).
public struct NegotiatedAlgorithms: Sendable, Equatable {
    public struct Direction: Sendable, Equatable {
        public var cipher: CipherAlgorithm
        /// None for a cipher that authenticates by itself.
        public var mac: MACAlgorithm?
    }

    public var keyExchange: KeyExchangeAlgorithm
    public var hostKey: String
    public var clientToServer: Direction
    public var serverToClient: Direction
}

/// Chooses algorithms from the two KEXINIT messages (RFC 4253 §7.1).
enum Negotiation {
    static let extensionInfoClient = "ext-info-c"
    static let extensionInfoServer = "ext-info-s"
    static let strictClient = "kex-strict-c-v00@openssh.com"
    static let strictServer = "kex-strict-s-v00@openssh.com"

    static func negotiate(
        client: KeyExchangeInit,
        server: KeyExchangeInit,
        role: EngineConfiguration.Role
    ) throws -> NegotiatedAlgorithms {
        func choose(
            _ what: String,
            _ client: NameList,
            _ server: NameList,
            advice: (_ theirs: NameList, _ ours: NameList) -> String? = { _, _ in nil }
        ) throws -> String {
            guard let name = client.first(in: server, where: { !Self.isSignal($0) }) else {
                let (theirs, ours) = role == .client ? (server, client) : (client, server)
                throw SSHError(
                    .noCommonAlgorithm,
                    "no matching \(what) found. Their offer: \(theirs.text)",
                    advice: advice(theirs, ours)
                )
            }
            return name
        }
        func direction(
            _ ciphers: (NameList, NameList),
            _ macs: (NameList, NameList)
        ) throws -> NegotiatedAlgorithms.Direction {
            let cipher = try Self.known(CipherAlgorithm(rawValue: try choose("cipher", ciphers.0, ciphers.1)))
            guard !cipher.isAuthenticated else { return NegotiatedAlgorithms.Direction(cipher: cipher) }
            let mac = try Self.known(MACAlgorithm(rawValue: try choose("MAC", macs.0, macs.1)))
            return NegotiatedAlgorithms.Direction(cipher: cipher, mac: mac)
        }
        _ = try choose("compression method", client.compressionClientToServer, server.compressionClientToServer)
        _ = try choose("compression method", client.compressionServerToClient, server.compressionServerToClient)
        return NegotiatedAlgorithms(
            keyExchange: try Self.known(
                KeyExchangeAlgorithm(
                    rawValue: try choose(
                        "key exchange method",
                        client.keyExchange,
                        server.keyExchange,
                        advice: Self.advice
                    )
                )
            ),
            hostKey: try choose("host key type", client.hostKey, server.hostKey),
            clientToServer: try direction(
                (client.cipherClientToServer, server.cipherClientToServer),
                (client.macClientToServer, server.macClientToServer)
            ),
            serverToClient: try direction(
                (client.cipherServerToClient, server.cipherServerToClient),
                (client.macServerToClient, server.macServerToClient)
            )
        )
    }

    /// RFC 4253 §7.1: a guess is wrong when the first key exchange method or the first host key type of the lists differ.
    static func guessIsWrong(client: KeyExchangeInit, server: KeyExchangeInit) -> Bool {
        client.keyExchange.first != server.keyExchange.first || client.hostKey.first != server.hostKey.first
    }

    /// Names in the key exchange list that announce a feature and are no method.
    private static func isSignal(_ name: String) -> Bool {
        [Self.extensionInfoClient, Self.extensionInfoServer, Self.strictClient, Self.strictServer].contains(name)
    }

    /// Which method would have been found if the configuration named it.
    private static func advice(theirs: NameList, ours: NameList) -> String? {
        let names = KeyExchangeAlgorithm.allCases.filter(\.isByNameOnly).map(\.rawValue)
        guard let name = names.first(where: { theirs.contains($0) && !ours.contains($0) }) else { return nil }
        return "KexAlgorithms +\(name) would find a key exchange method in common"
    }

    private static func known<Algorithm>(_ algorithm: Algorithm?) throws -> Algorithm {
        guard let algorithm else {
            throw SSHError(.noCommonAlgorithm, "an algorithm was negotiated that this program does not have")
        }
        return algorithm
    }
}
