public import SSHCrypto
import SSHWire

/// Server: a host key in one of the two forms in which it is shown, alone or in a certificate.
struct HostIdentity: Sendable {
    let key: PublicKey
    /// nil: the key is held elsewhere, and its signatures are asked for.
    let signer: (any SigningKey)?
    /// K_S of RFC 4253 §8: the public key or the certificate.
    let blob: [UInt8]
    /// The names under which it stands in the KEXINIT.
    let algorithms: [String]

    init(_ key: any KeyPair) {
        self.key = key.publicKey
        self.signer = key as? any SigningKey
        self.blob = key.publicKey.blob
        self.algorithms = key.publicKey.signatureAlgorithms
    }

    init(_ key: any KeyPair, _ certificate: Certificate) {
        self.key = key.publicKey
        self.signer = key as? any SigningKey
        self.blob = certificate.blob
        self.algorithms = certificate.algorithms
    }
}

extension EngineConfiguration {
    /// What a server can prove to be, certificates first. A certificate without its key proves nothing.
    var hostIdentities: [HostIdentity] {
        let certified = self.hostCertificates.compactMap { certificate in
            self.hostKeys.first { $0.publicKey == certificate.key }.map { HostIdentity($0, certificate) }
        }
        return certified + self.hostKeys.map { HostIdentity($0) }
    }

    /// What stands in our KEXINIT: what a client can verify, what a server can prove.
    func hostKeyAlgorithms(_ identities: [HostIdentity]) -> [String] {
        guard self.role == .server else { return self.algorithms.hostKey }
        let provable = Set(identities.flatMap(\.algorithms))
        return self.algorithms.hostKey.filter(provable.contains)
    }

    /// The same, for whoever starts a server: with none, every connection would fail.
    public var offeredHostKeyAlgorithms: [String] { self.hostKeyAlgorithms(self.hostIdentities) }
}

/// A host key whose signature was right; whether it belongs to the host is for the caller to say.
public struct HostKeyToVerify: Sendable {
    public var key: PublicKey
    /// What the server showed in place of the key alone. It is signed by the authority that it names; whether that is
    /// trusted, and whether the certificate is valid for this host now, is for the caller to say, too.
    public var certificate: Certificate?
    public var algorithm: String

    /// - Parameter algorithm: the negotiated one, which says whether a key or a certificate is due.
    /// - Throws: `invalidKey` if the blob is neither, or the certificate's own signature is wrong.
    init(blob: [UInt8], algorithm: String) throws {
        self.algorithm = algorithm
        guard CertificateAlgorithm.isCertificate(algorithm) else {
            self.key = try PublicKey(blob: blob)
            return
        }
        let certificate = try Certificate(blob: blob)
        guard certificate.algorithms.contains(algorithm) else {
            throw SSHError.protocolViolation("a host certificate is of another type than was agreed on")
        }
        try certificate.verifySignature()
        self.key = certificate.key
        self.certificate = certificate
    }

    /// - Throws: `invalidKey` if the signature is wrong.
    func verify(signature: [UInt8], over exchangeHash: [UInt8]) throws {
        let plain = CertificateAlgorithm.plainSignature(of: self.algorithm)
        try self.key.verify(signature: signature, over: exchangeHash, algorithm: plain)
    }
}
