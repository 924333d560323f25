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
        func choose(_ what: String, _ list: KeyPath<KeyExchangeInit, [String]>) throws -> String {
            let offered = Set(server[keyPath: list])
            guard let name = client[keyPath: list].first(where: { offered.contains($0) && !Self.isSignal($0) }) else {
                let theirs = (role == .client ? server : client)[keyPath: list].joined(separator: ",")
                throw SSHError(.noCommonAlgorithm, "no matching \(what) found. Their offer: \(theirs)")
            }
            return name
        }
        func direction(
            _ ciphers: KeyPath<KeyExchangeInit, [String]>,
            _ macs: KeyPath<KeyExchangeInit, [String]>
        ) throws -> NegotiatedAlgorithms.Direction {
            let cipher = try Self.known(CipherAlgorithm(rawValue: try choose("cipher", ciphers)))
            let mac = cipher.isAuthenticated ? nil : try Self.known(MACAlgorithm(rawValue: try choose("MAC", macs)))
            return NegotiatedAlgorithms.Direction(cipher: cipher, mac: mac)
        }
        _ = try choose("compression method", \.compressionClientToServer)
        _ = try choose("compression method", \.compressionServerToClient)
        return NegotiatedAlgorithms(
            keyExchange: try Self.known(
                KeyExchangeAlgorithm(rawValue: try choose("key exchange method", \.keyExchange))
            ),
            hostKey: try choose("host key type", \.hostKey),
            clientToServer: try direction(\.cipherClientToServer, \.macClientToServer),
            serverToClient: try direction(\.cipherServerToClient, \.macServerToClient)
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

    private static func known<Algorithm>(_ algorithm: Algorithm?) throws -> Algorithm {
        guard let algorithm else {
            throw SSHError(.noCommonAlgorithm, "an algorithm was negotiated that this program does not have")
        }
        return algorithm
    }
}
