import SSHCrypto
import SSHWire

/// The files and the rules that say whether a server's key is the right one.
struct HostKeyCheck: Sendable {
    /// What the server may show, in the order in which it is offered.
    let algorithms: [String]
    let configuration: ClientConfiguration
    let knownHosts: KnownHosts
    let revoked: RevokedHostKeys?

    /// Reads the files.
    init(_ configuration: ClientConfiguration) throws {
        self.configuration = configuration
        let files = configuration.userKnownHostsFiles + configuration.globalKnownHostsFiles
        self.knownHosts = KnownHosts(readingFiles: files)
        self.revoked = try configuration.revokedHostKeys.map { try RevokedHostKeys(path: $0) }
        self.algorithms =
            configuration.hostKeyAlgorithmsFollowKnownHosts
            ? self.knownHosts.hostKeyAlgorithmsPreferred(
                for: configuration.knownHostsName,
                fallback: configuration.knownHostsFallbackName,
                among: configuration.hostKeyAlgorithms
            )
            : configuration.hostKeyAlgorithms
    }

    /// Why the key counts for nothing, whoever vouches for it.
    func tooShort(_ key: PublicKey) -> SSHError? {
        let required = self.configuration.requiredRSASize
        guard let bits = key.rsaBits, bits < required else { return nil }
        return SSHError(.hostKeyRejected, "the host's RSA key has \(bits) bits, less than RequiredRSASize \(required)")
    }

    /// - Parameter address: where the socket leads; nil behind a proxy.
    func decide(_ key: PublicKey, address: String?) -> HostKeyDecision {
        if let refusal = self.tooShort(key) { return .refuse(refusal) }
        if let revoked = self.revoked, revoked.contains(key) {
            let file = self.configuration.revokedHostKeys ?? ""
            let reason = "the \(key.displayName) key \(key.fingerprint) is revoked by \(file)"
            return .refuse(SSHError(.hostKeyRejected, reason))
        }
        let verdict = self.knownHosts.lookup(
            self.configuration.knownHostsName,
            fallback: self.configuration.knownHostsFallbackName,
            key: key
        )
        return HostKeyPolicy(self.configuration, address: address).decide(verdict, key: key)
    }

    /// Writes the key to the first of the user's files. It blocks.
    ///
    /// - Returns: false if the user has none.
    func add(_ key: PublicKey) throws -> Bool {
        guard let file = self.configuration.userKnownHostsFiles.first else { return false }
        var knownHosts = self.knownHosts
        try knownHosts.add(
            self.configuration.knownHostsName,
            key: key,
            hashed: self.configuration.hashKnownHosts,
            to: file,
            random: SystemRandom()
        )
        return true
    }

    /// What is said when a key was added.
    func additionNotice(_ key: PublicKey) -> String {
        "Warning: Permanently added '\(self.configuration.knownHostsName)' (\(key.displayName)) to the list of known hosts."
    }
}
