/// A private key, or something that can sign with one: an agent, a hardware token.
public protocol SigningKey: Sendable {
    var publicKey: PublicKey { get }

    /// - Returns: The whole signature blob.
    /// - Throws: `misuse` if the key does not sign with that algorithm.
    func sign(_ data: [UInt8], algorithm: String) throws -> [UInt8]
}
