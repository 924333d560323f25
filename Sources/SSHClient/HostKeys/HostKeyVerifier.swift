public import SSHCrypto
public import SSHProtocol
public import SSHWire

/// Says whether a server's key is the right one. `HostKeyTrust` makes the usual ones.
public protocol HostKeyVerifier: Sendable {
    /// The host key algorithms that are offered to the server, the preferred first.
    var algorithms: [String] { get }

    /// That the server has the key is proved by then, and that a certificate's authority has signed it. Called on the event loop:
    /// what takes time is a verdict that is `pending`.
    ///
    /// - Parameter address: where the connection leads; nil if the way leads through others.
    func judge(_ shown: HostKeyToVerify, address: String?) -> HostKeyVerdict

    /// The server, whose key was `known`, says which keys it has (OpenSSH's UpdateHostKeys). Called on the event loop.
    ///
    /// - Parameter blobs: its keys, unchecked.
    /// - Returns: what is to change; nil for nothing. The server has to prove that it has the unknown keys before `learn` is called.
    func rotation(announced blobs: [[UInt8]], shown: PublicKey) -> HostKeyRotation?

    /// Changes what is known.
    func learn(_ rotation: HostKeyRotation) async
}

/// What is to become of a connection whose server has shown its key.
public enum HostKeyVerdict: Sendable {
    case accepted(HostKeyAcceptance)
    /// Ends the connection with this error, `hostKeyRejected` as a rule.
    case refused(SSHError)
    /// Somebody has to be asked, or something written: what this throws ends the connection.
    case pending(@Sendable () async throws -> HostKeyAcceptance)
}

/// Why a host's key was accepted.
public enum HostKeyAcceptance: Hashable, Sendable {
    /// The key was known: the server may say which others it has.
    case known
    /// Somebody vouches for it: an authority, or a person.
    case trusted
    /// Another key is known for the host, and the connection goes on nevertheless. It carries no forwards.
    case unverified
}

extension HostKeyVerifier {
    public var algorithms: [String] { AlgorithmPreferences.hostKeySignatures }
    public func rotation(announced blobs: [[UInt8]], shown: PublicKey) -> HostKeyRotation? { nil }
    public func learn(_ rotation: HostKeyRotation) async {}
}

/// Whom to believe that they are the server.
public struct HostKeyTrust: Sendable {
    private let make: @Sendable (SSHDestination) throws -> any HostKeyVerifier

    /// Reads files, if need be.
    func verifier(for destination: SSHDestination) throws -> any HostKeyVerifier {
        try self.make(destination)
    }

    /// What known_hosts files say, certificates' authorities among them; nothing is written to them. A host that they do not
    /// name is refused.
    ///
    /// - Parameter files: nil for the user's own (~/.ssh/known_hosts).
    public static func knownHosts(_ files: [String]? = nil) -> HostKeyTrust {
        HostKeyTrust { destination in
            var rules = KnownHostsRules(host: destination.host, port: destination.port)
            rules.userFiles = try files ?? ["\(LocalEnvironment.current().homeDirectory)/.ssh/known_hosts"]
            rules.checking = .yes
            rules.updateHostKeys = .no
            return try KnownHostsVerifier(rules)
        }
    }

    /// One of these keys.
    public static func keys(_ keys: [PublicKey]) -> HostKeyTrust {
        .decided { shown in keys.contains(shown.key) }
    }

    /// A decision of yours, which may take its time.
    ///
    /// - Parameter decide: true accepts the key; what it throws ends the connection.
    public static func decided(
        by decide: @escaping @Sendable (HostKeyToVerify) async throws -> Bool
    ) -> HostKeyTrust {
        .verified(by: DecidedHostKeys(decide: decide))
    }

    /// A verifier of yours, or `KnownHostsVerifier` with rules of yours.
    public static func verified(by verifier: any HostKeyVerifier) -> HostKeyTrust {
        HostKeyTrust { _ in verifier }
    }
}

private struct DecidedHostKeys: HostKeyVerifier {
    let decide: @Sendable (HostKeyToVerify) async throws -> Bool

    func judge(_ shown: HostKeyToVerify, address: String?) -> HostKeyVerdict {
        .pending {
            guard try await self.decide(shown) else {
                let key = "\(shown.key.displayName) host key \(shown.key.fingerprint)"
                throw SSHError(.hostKeyRejected, "the \(key) is not trusted")
            }
            return .trusted
        }
    }
}
