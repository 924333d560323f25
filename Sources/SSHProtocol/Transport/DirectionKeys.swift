import SSHCrypto

/// The keys of both directions, derived from one key exchange (RFC 4253 §7.2).
struct DirectionKeys {
    let sending: PacketKeys
    let receiving: PacketKeys

    init(
        _ secrets: KeyExchangePhase.Secrets,
        sessionIdentifier: [UInt8],
        algorithms: NegotiatedAlgorithms,
        role: EngineConfiguration.Role
    ) {
        let derivation = KeyDerivation(
            algorithms.keyExchange.hash,
            secret: secrets.secret,
            exchangeHash: secrets.exchangeHash,
            sessionIdentifier: sessionIdentifier
        )
        func keys(_ direction: NegotiatedAlgorithms.Direction, _ letters: (Character, Character, Character))
            -> PacketKeys
        {
            PacketKeys(
                cipher: direction.cipher,
                mac: direction.mac,
                key: derivation.derive(letters.1, length: direction.cipher.keyLength),
                initialVector: derivation.derive(letters.0, length: direction.cipher.initialVectorLength),
                macKey: direction.mac.map { derivation.derive(letters.2, length: $0.keyLength) }
            )
        }
        let clientToServer = keys(algorithms.clientToServer, ("A", "C", "E"))
        let serverToClient = keys(algorithms.serverToClient, ("B", "D", "F"))
        self.sending = role == .client ? clientToServer : serverToClient
        self.receiving = role == .client ? serverToClient : clientToServer
    }
}
