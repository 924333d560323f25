import SSHConfiguration

extension Keyword {
    /// Keywords that OpenSSH has and that set nothing here: without meaning (one warning each), or a restriction that is not
    /// supported yet (the relay does not start, because it would let in or open what the file forbids).
    static let ignored: [Keyword] =
        Self.sessionKeywords + Self.loginKeywords + Self.otherKeywords + Self.retiredKeywords

    private static let sessionKeywords: [Keyword] = {
        let reason = "it has no meaning here: this host forwards and does nothing else"
        let anywhere = [
            "AcceptEnv", "AllowAgentForwarding", "ChrootDirectory", "PermitTTY", "PermitTunnel",
            "PermitUserRC", "SetEnv", "Subsystem", "X11DisplayOffset", "X11Forwarding", "X11UseLocalhost",
        ]
        let global = ["PermitUserEnvironment", "PrintLastLog", "PrintMotd", "XAuthLocation"]
        return anywhere.map { .ignored($0, .anywhere, reason) } + global.map { .ignored($0, .global, reason) }
    }()

    private static let loginKeywords: [Keyword] = {
        let reason = "it has no meaning here: accounts log in with public keys only"
        let anywhere = [
            "GSSAPIAuthentication", "HostbasedAcceptedAlgorithms", "HostbasedAuthentication",
            "HostbasedUsesNameFromPacketOnly", "IgnoreRhosts", "KbdInteractiveAuthentication", "KerberosAuthentication",
            "PasswordAuthentication", "PermitEmptyPasswords",
        ]
        let global = [
            "AFSTokenPassing", "GSSAPICleanupCredentials", "GSSAPIDelegateCredentials", "GSSAPIKexAlgorithms",
            "GSSAPIKeyExchange",
            "GSSAPIStoreCredentialsOnRekey", "GSSAPIStrictAcceptorCheck", "GSSAPIUseSessionCredCache",
            "IgnoreUserKnownHosts", "KerberosGetAFSToken", "KerberosOrLocalPasswd", "KerberosTGTPassing",
            "KerberosTicketCleanup",
        ]
        let accounts: [Keyword] = [
            .ignored(
                "UsePAM",
                .global,
                "PAM is not asked: what it says about accounts (locked, expired, pam_access) does not hold here",
                silent: ["no"]
            ),
            .ignored("PAMServiceName", .anywhere, "PAM is not asked"),
        ]
        return anywhere.map { .ignored($0, .anywhere, reason) } + global.map { .ignored($0, .global, reason) }
            + accounts
    }()

    private static let otherKeywords: [Keyword] = [
        .ignored("Compression", .global, "nothing is compressed", silent: ["no"]),
        .ignored("DebianBanner", .global, "the version string never names the system", silent: ["no"]),
        .ignored("ExposeAuthInfo", .anywhere, "it has no meaning here", silent: ["no"]),
        .ignored("FingerprintHash", .global, "fingerprints are SHA256", silent: ["sha256"]),
        .ignored("IPQoS", .anywhere, "it is not supported: packets have no special class"),
        .ignored("LogVerbose", .anywhere, "it is not supported"),
        .ignored("ModuliFile", .global, "there is no Diffie-Hellman group exchange here"),
        .ignored("SecurityKeyProvider", .global, "it has no meaning here"),
        .ignored("SshdAuthPath", .global, "the relay is one program"),
        .ignored("SshdSessionPath", .global, "the relay is one program"),
        .refused("RDomain", .anywhere, except: ["none"]),
    ]

    private static let retiredKeywords: [Keyword] = [
        "AuthorizedKeysFile2", "CheckMail", "KeyRegenerationInterval", "PAMAuthenticationViaKbdInt",
        "PermitBlacklistedKeys",
        "Protocol", "ReverseMappingCheck", "RhostsAuthentication", "RhostsRSAAuthentication", "RSAAuthentication",
        "ServerKeyBits", "UseLogin", "UsePrivilegeSeparation", "VerifyReverseMapping",
    ].map { .ignored($0, .anywhere, "it is obsolete, in OpenSSH too") }

    /// Read and warned about, unless the whole value is one of `silent`: what the relay does anyway.
    private static func ignored(_ name: String, _ scope: Scope, _ reason: String, silent: [String] = []) -> Keyword {
        Keyword(name: name, scope: scope) { arguments in
            let values = try arguments.ignoredValue()
            let isSilent = values.count == 1 && silent.contains(values[0].asciiLowercased)
            if !isSilent { arguments.warn("ignored: \(reason)") }
            return .nothing
        }
    }

    /// Refused, unless the whole value is one of `values`: what the relay does anyway.
    private static func refused(_ name: String, _ scope: Scope, except values: [String]) -> Keyword {
        Keyword(name: name, scope: scope) { arguments in
            let expected = values.joined(separator: " or ")
            let given = try arguments.remaining(expected)
            guard given.count == 1, values.contains(given[0].asciiLowercased) else {
                throw arguments.problem(
                    "\"\(given.joined(separator: " "))\" is not supported yet and would not hold, expected \(expected)"
                )
            }
            return .nothing
        }
    }
}
