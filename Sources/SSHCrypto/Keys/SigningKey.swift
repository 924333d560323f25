/// A key pair. The public half is here; the private half signs here (`SigningKey`) or elsewhere (`ExternalKey`).
public protocol KeyPair: Sendable {
    var publicKey: PublicKey { get }
}

/// A key pair whose private half is in this process and signs at once.
public protocol SigningKey: KeyPair {
    /// - Returns: The whole signature blob.
    /// - Throws: `misuse` if the key does not sign with that algorithm.
    func sign(_ data: [UInt8], algorithm: String) throws -> [UInt8]
}

/// A key pair whose private half is elsewhere: in an agent, in hardware, in another process. Whoever uses it asks for each
/// signature, and goes on when it is there.
public struct ExternalKey: KeyPair, Hashable {
    public let publicKey: PublicKey

    public init(_ publicKey: PublicKey) {
        self.publicKey = publicKey
    }
}
