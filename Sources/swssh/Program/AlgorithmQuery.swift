import SSHClient
import SSHCrypto
import SSHProtocol

/// What `-Q` lists: ssh's kinds, whose names are compared as they are, and keywords, in any case.
enum AlgorithmQuery {
    private static let kinds = [
        "cipher", "cipher-auth", "compression", "kex", "kex-gss", "key", "key-cert", "key-plain", "key-sig", "mac",
        "protocol-version", "sig",
    ]

    private static let plainKeys = [
        "ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521", "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-rsa",
    ]

    /// - Returns: nil for a kind that there is not.
    static func names(_ query: String) -> [String]? {
        self.names(ofKind: query) ?? self.names(ofKeyword: query.lowercased())
    }

    private static func names(ofKind kind: String) -> [String]? {
        let algorithms = AlgorithmPreferences()
        switch kind {
        case "cipher": return algorithms.ciphers.map(\.rawValue)
        case "cipher-auth": return algorithms.ciphers.filter(\.isAuthenticated).map(\.rawValue)
        case "mac": return algorithms.macs.map(\.rawValue)
        case "kex": return KeyExchangeAlgorithm.allCases.map(\.rawValue)
        case "compression": return ["none"]
        case "key": return self.plainKeys.flatMap { [$0, self.certificate(of: $0)] }
        case "key-plain": return self.plainKeys
        case "key-cert": return self.plainKeys.map(self.certificate)
        case "sig", "key-ca-sign": return self.signatures
        case "key-sig": return self.signatures.flatMap { [$0, self.certificate(of: $0)] }
        // Debian's ssh has it; here is no GSSAPI.
        case "kex-gss": return []
        case "protocol-version": return ["2"]
        case "help": return self.kinds
        default: return nil
        }
    }

    private static func names(ofKeyword keyword: String) -> [String]? {
        let all = ClientAlgorithms.all
        switch keyword {
        case "ciphers": return all.ciphers
        case "macs": return all.macs
        case "kexalgorithms": return all.kexAlgorithms + all.kexAlgorithmsByName
        case "hostkeyalgorithms": return all.hostKeyAlgorithms
        case "pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes": return all.pubkeyAcceptedAlgorithms
        case "hostbasedacceptedalgorithms", "hostbasedkeytypes", "hostbasedacceptedkeytypes": return []
        case "casignaturealgorithms": return self.signatures
        default: return nil
        }
    }

    /// SHA-1 signatures (`ssh-rsa`) are none of ours.
    private static var signatures: [String] {
        self.plainKeys.filter { $0 != "ssh-rsa" } + ["rsa-sha2-256", "rsa-sha2-512"]
    }

    /// `sk-` names have their domain at the end already.
    private static func certificate(of name: String) -> String {
        let base = name.split(separator: "@").first.map(String.init) ?? name
        return base + "-cert-v01@openssh.com"
    }
}
