import Glibc
public import SSHCrypto

/// The keys that ssh_config logs in with, and why others are left out.
public struct ConfiguredIdentities: Sendable {
    /// What is said of one key or file.
    public enum Notice: Sendable {
        case attempted(path: String, PublicKey)
        /// A file that somebody expects to be used and is not.
        case unusable(IdentityFailure)
        case tooShort(path: String, bits: Int, required: Int)
    }

    /// In the order in which they are tried.
    public private(set) var identities: [Identity] = []
    /// Files that give none, and why.
    public private(set) var passedOver: [(path: String, reason: String)] = []

    /// Reads the files.
    public init(
        _ configuration: ClientConfiguration,
        _ environment: LocalEnvironment,
        onNotice: (Notice) -> Void = { _ in }
    ) {
        guard configuration.pubkeyAuthentication else { return }
        let folder = "\(environment.homeDirectory)/.ssh"
        var files = configuration.identityFiles
        if !configuration.identityFilesAreConfigured { files = ["\(folder)/id_rsa", "\(folder)/id_ecdsa"] + files }
        let loaded = Identities(loading: files, userID: environment.userID)
        for failure in loaded.passedOver where failure.isWorthAWarning(configuration) { onNotice(.unusable(failure)) }
        self.passedOver = loaded.passedOver.map { ($0.path, $0.reason) }
        if !configuration.identityFilesAreConfigured { self.lookForOtherDefaults(folder) }
        for identity in loaded.identities { self.take(identity, configuration, onNotice) }
    }

    /// Files that ssh would try as well.
    private mutating func lookForOtherDefaults(_ folder: String) {
        for name in ["id_ecdsa_sk", "id_ed25519_sk", "id_dsa"] where access("\(folder)/\(name)", F_OK) == 0 {
            self.passedOver.append(("\(folder)/\(name)", "keys of this type are not supported yet"))
        }
    }

    private mutating func take(
        _ identity: Identity,
        _ configuration: ClientConfiguration,
        _ onNotice: (Notice) -> Void
    ) {
        let (path, key) = (identity.path, identity.publicKey)
        guard key.signatureAlgorithms.contains(where: configuration.pubkeyAcceptedAlgorithms.contains) else {
            return self.passedOver.append((path, "PubkeyAcceptedAlgorithms leaves out \(key.type)"))
        }
        let required = configuration.requiredRSASize
        if let bits = key.rsaBits, bits < required {
            onNotice(.tooShort(path: path, bits: bits, required: required))
            return self.passedOver.append((path, "an RSA key of \(bits) bits, and RequiredRSASize is \(required)"))
        }
        onNotice(.attempted(path: path, key))
        self.identities.append(identity)
    }
}

extension IdentityFailure {
    /// Files that are missing say nothing, and default ones that hold other keys than we have use for say nothing until a
    /// login fails.
    fileprivate func isWorthAWarning(_ configuration: ClientConfiguration) -> Bool {
        switch self.kind {
        case .missing: false
        case .unprotected: true
        case .unusable: configuration.identityFilesAreConfigured
        }
    }
}
