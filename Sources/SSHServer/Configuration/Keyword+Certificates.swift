import SSHConfiguration

extension Keyword {
    /// Keywords about certificates, revocation, what a key must be, and root.
    static let certificates: [Keyword] = [
        .account("TrustedUserCAKeys", \.$trustedUserCAKeys, format: { $0 ?? "none" }) { try $0.pathOrNone() },
        .account("AuthorizedPrincipalsFile", \.$authorizedPrincipalsFile, format: { $0 ?? "none" }) { arguments in
            let path = try arguments.pathOrNone()
            if let path { try arguments.locating { try AuthorizedKeysPath.check(path) } }
            return path
        },
        .account("RevokedKeys", \.$revokedKeys, format: { $0.isEmpty ? "none" : $0.joined(separator: " ") }) {
            try $0.remaining("paths or none").filter { $0.asciiLowercased != "none" }
        },
        .account("CASignatureAlgorithms", \.$caSignatureAlgorithms, format: Self.list) {
            try $0.algorithms($0.supported.authorities, wildcards: true)
        },
        .account("PubkeyAuthOptions", \.$pubkeyAuthOptions, format: \.text) { try $0.pubkeyAuthOptions() },
        .account("PermitRootLogin", \.$permitRootLogin, format: \.rawValue) {
            try $0.word(aliases: ["prohibit-password": "without-password"])
        },
        .account("RequiredRSASize", \.$requiredRSASize, format: { "\($0)" }) { try $0.integer() },
    ]
}

/// PermitRootLogin: whether the Unix account with the user id 0 may log in. There are no passwords here.
public enum PermitRootLogin: String, Hashable, Sendable, CaseIterable {
    case yes
    case withoutPassword = "without-password"
    /// Only with a key or a certificate that forces a command.
    case forcedCommandsOnly = "forced-commands-only"
    case no
}

/// PubkeyAuthOptions: what security keys have to prove, whatever the key's own line says.
public struct PubkeyAuthOptions: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let touchRequired = PubkeyAuthOptions(rawValue: 1)
    public static let verifyRequired = PubkeyAuthOptions(rawValue: 2)

    /// As `-T` prints it.
    var text: String {
        switch self {
        case []: "none"
        case .touchRequired: "touch-required"
        case .verifyRequired: "verify-required"
        default: "touch-required verify-required"
        }
    }
}

extension Arguments {
    mutating func pubkeyAuthOptions() throws -> PubkeyAuthOptions {
        let expected = "none, touch-required or verify-required"
        var options: PubkeyAuthOptions = []
        for word in try self.remaining(expected) {
            switch word.asciiLowercased {
            case "none": continue
            case "touch-required": options.insert(.touchRequired)
            case "verify-required": options.insert(.verifyRequired)
            default: throw self.problem("\"\(word)\" is wrong, expected \(expected)")
            }
        }
        return options
    }
}
