public import SSHCrypto
import SSHWire

/// A signature that somebody outside of the engine is to make: with a key in an agent, in hardware, in another process.
public struct SignatureRequest: Sendable {
    /// Names a request among all of its engine's; none is given twice.
    public struct ID: Hashable, Sendable {
        let number: UInt64
    }

    public enum Purpose: Hashable, Sendable {
        /// Server: proves who it is, in a key exchange.
        case keyExchange
        /// Server: proves that it has a key of which it has told the client (OpenSSH's PROTOCOL §2.5).
        case hostKeyProof
        /// Client: proves who logs in.
        case login
    }

    public let id: ID
    public let purpose: Purpose
    public let key: PublicKey
    /// The algorithm that the signature must name.
    public let algorithm: String
    /// What is to be signed.
    public let bytes: [UInt8]

    /// No signature that is known here is as long, in bytes.
    static let longest = 16 * 1024

    /// Whoever signs is not believed: a wrong signature is not sent.
    ///
    /// - Throws: `signatureUnavailable` if this is no signature of these bytes by this key with this algorithm.
    func check(_ signature: [UInt8]) throws {
        guard signature.count <= Self.longest else {
            throw self.failure("a signature of \(signature.count) bytes is too long")
        }
        do {
            try self.key.verify(signature: signature, over: self.bytes, algorithm: self.algorithm)
        } catch {
            throw self.failure((error as? SSHError)?.reason ?? "the signature is wrong")
        }
    }

    /// The error of a signature that is not there.
    func failure(_ reason: String) -> SSHError {
        SSHError(.signatureUnavailable, "no signature by \(self.key.displayName) \(self.key.fingerprint): \(reason)")
    }
}
