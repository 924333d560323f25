import SSHWire

/// An OpenSSH certificate (OpenSSH's PROTOCOL.certkeys), parsed and bounded. Whether its signature is right, whether it
/// is valid now and whether its authority is trusted are questions of their own.
public struct Certificate: Sendable {
    public enum Kind: UInt32, Sendable {
        case user = 1
        case host = 2
    }

    /// A critical option or an extension.
    public struct Option: Hashable, Sendable {
        public let name: String
        /// Empty for a flag, otherwise one or more SSH strings.
        public let data: [UInt8]

        /// The one string that `data` holds.
        ///
        /// - Throws: `invalidKey` if it holds something else.
        public func text() throws -> String {
            try SSHError.rethrowing(as: .invalidKey) {
                var reader = WireReader(bytes: self.data)
                let text = try reader.readText(limit: Certificate.blobLimit)
                try reader.expectEnd()
                return text
            }
        }
    }

    static let blobLimit = 32_768

    /// The certificate as it stands on the wire.
    public let blob: [UInt8]
    /// The key that is certified.
    public let key: PublicKey
    public let serial: UInt64
    public let kind: Kind
    /// A name for people and logs, chosen by the authority; it may hold any text.
    public let keyIdentifier: String
    /// The user or host names that it stands for.
    public let principals: [String]
    /// Seconds since 1970: valid from here on.
    public let validAfter: UInt64
    /// Seconds since 1970: no longer valid from here on.
    public let validBefore: UInt64
    public let criticalOptions: [Option]
    public let extensions: [Option]
    /// The key that signed it, never a certificate itself.
    public let certificateAuthority: PublicKey
    /// The whole signature blob.
    public let signature: [UInt8]
    /// What the authority signed with, such as "rsa-sha2-512".
    public let signatureAlgorithm: String
    /// Bytes of `blob` that the signature covers.
    let signedLength: Int

    /// The name of the certificate's type, such as "ssh-ed25519-cert-v01@openssh.com".
    public var type: String { self.key.keyType.certificateName }

    /// The names of what a peer with this certificate may declare, best first, such as "rsa-sha2-512-cert-v01@openssh.com".
    public var algorithms: [String] { self.key.signatureAlgorithms.map { KeyType.certificateName(of: $0) } }

    /// - Throws: `invalidKey` if the signature is not by `certificateAuthority`.
    public func verifySignature() throws {
        try SSHError.rethrowing(as: .invalidKey) {
            _ = try self.certificateAuthority.verify(
                signature: self.signature,
                over: Array(self.blob.prefix(self.signedLength)),
                algorithm: self.signatureAlgorithm
            )
        }
    }

    /// - Parameter now: seconds since 1970.
    public func isValid(at now: UInt64) -> Bool {
        self.validAfter <= now && now < self.validBefore
    }

    /// What a key signs with when a peer declares the name of a certificate's algorithm, such as
    /// "rsa-sha2-512-cert-v01@openssh.com"; nil if it is no such name, or one with SHA-1.
    public static func signatureAlgorithm(for certificateAlgorithm: String) -> String? {
        Self.signatureAlgorithms[certificateAlgorithm]
    }

    /// The names of certificates' algorithms that a user may declare, the preferred first.
    public static let userAlgorithms = KeyType.allCases.flatMap(\.signatureAlgorithms).map {
        KeyType.certificateName(of: $0)
    }

    private static let signatureAlgorithms = Dictionary(
        uniqueKeysWithValues: KeyType.allCases.flatMap(\.signatureAlgorithms).map { name in
            (KeyType.certificateName(of: name), name)
        }
    )
}

extension Certificate: Hashable {
    public static func == (left: Certificate, right: Certificate) -> Bool { left.blob == right.blob }
    public func hash(into hasher: inout Hasher) { hasher.combine(self.blob) }
}
