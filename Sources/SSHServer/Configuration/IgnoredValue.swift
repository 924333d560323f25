import SSHConfiguration

/// What sshd takes as the value of a keyword that has no meaning here. A value that sshd refuses is a mistake of the file's
/// author here, too.
enum IgnoredValue: Sendable {
    case word
    /// Words of any kind: for retired keywords sshd does not look at them either.
    case words
    case number
    case environmentNames
    case environment
    case subsystem
    case oneOf([String])
    /// One or two classes of packets.
    case classes
    /// Names separated by commas that begin so.
    case names(prefix: String)

    static let flag = IgnoredValue.oneOf(["yes", "no"])

    /// By the keyword as OpenSSH spells it.
    static func of(_ keyword: String) -> IgnoredValue { Self.table[keyword] ?? .words }

    private static let table: [String: IgnoredValue] = {
        let flags = [
            "AllowAgentForwarding", "DebianBanner", "ExposeAuthInfo", "GSSAPIAuthentication",
            "GSSAPICleanupCredentials", "GSSAPIDelegateCredentials",
            "GSSAPIKeyExchange", "GSSAPIStoreCredentialsOnRekey", "GSSAPIStrictAcceptorCheck",
            "HostbasedAuthentication",
            "HostbasedUsesNameFromPacketOnly", "IgnoreUserKnownHosts", "KbdInteractiveAuthentication",
            "KerberosAuthentication", "KerberosOrLocalPasswd", "KerberosTicketCleanup", "PasswordAuthentication",
            "PermitEmptyPasswords", "PermitTTY", "PermitUserRC", "PrintLastLog", "PrintMotd", "UsePAM", "X11Forwarding",
            "X11UseLocalhost",
        ]
        let words = [
            "ChrootDirectory",
            "HostbasedAcceptedAlgorithms", "ModuliFile", "PAMServiceName", "PermitUserEnvironment",
            "SecurityKeyProvider", "SshdAuthPath", "SshdSessionPath", "XAuthLocation",
        ]
        let others: [String: IgnoredValue] = [
            "AcceptEnv": .environmentNames,
            "Compression": .oneOf(["yes", "no", "delayed"]),
            "FingerprintHash": .oneOf(["md5", "sha1", "sha256", "sha384", "sha512"]),
            "GSSAPIKexAlgorithms": .names(prefix: "gss-"), "IgnoreRhosts": .oneOf(["yes", "no", "shosts-only"]),
            "IPQoS": .classes,
            "PermitTunnel": .oneOf(["yes", "no", "point-to-point", "ethernet"]), "SetEnv": .environment,
            "Subsystem": .subsystem, "X11DisplayOffset": .number,
        ]
        var table = others
        for name in flags { table[name] = .flag }
        for name in words { table[name] = .word }
        return table
    }()

    var expected: String {
        switch self {
        case .word, .words: "a value"
        case .number: "a number from 0 to 2147483647"
        case .environmentNames: "names of variables"
        case .environment: "NAME=value"
        case .subsystem: "a name and a command"
        case .oneOf(let words): words.joined(separator: ", ")
        case .classes:
            "one or two of af11 to af43, cs0 to cs7, ef, le, lowdelay, throughput, reliability, none, 0 to 255"
        case .names(let prefix): "names that begin with \(prefix), separated by commas"
        }
    }

    /// How many words there may be.
    private var limit: Int {
        switch self {
        case .word, .number, .oneOf, .names: 1
        case .classes: 2
        default: .max
        }
    }

    /// The first word that sshd would not take; nil if it takes all of them.
    func wrong(among words: [String]) -> String? {
        if words.count > self.limit { return words[self.limit] }
        switch self {
        case .word, .words: return nil
        case .number: return words.first { Int32($0).map { $0 < 0 } ?? true }
        case .environmentNames: return words.first { $0.contains("=") }
        case .environment: return words.first { !$0.dropFirst().contains("=") || $0.hasPrefix("=") }
        case .subsystem: return words.count == 1 ? words.first : nil
        case .oneOf(let legal): return words.first { !legal.contains($0.asciiLowercased) }
        case .classes: return words.first { !Self.isClass($0.asciiLowercased) }
        case .names(let prefix):
            return words.first { $0.split(separator: ",").contains { !$0.hasPrefix(prefix) } }
        }
    }

    private static func isClass(_ word: String) -> Bool {
        let bytes = Array(word.utf8)
        if bytes.count == 4, word.hasPrefix("af") {
            return (0x31...0x34).contains(bytes[2]) && (0x31...0x33).contains(bytes[3])
        }
        if bytes.count == 3, word.hasPrefix("cs") { return (0x30...0x37).contains(bytes[2]) }
        if ["ef", "le", "lowdelay", "throughput", "reliability", "none"].contains(word) { return true }
        let number = word.hasPrefix("0x") ? UInt8(word.dropFirst(2), radix: 16) : UInt8(word)
        return number != nil
    }
}

extension Arguments {
    /// All words that are left, which sshd would take for this keyword.
    mutating func ignoredValue() throws -> [String] {
        let kind = IgnoredValue.of(self.keyword)
        let words = try self.remaining(kind.expected)
        if let wrong = kind.wrong(among: words) {
            throw self.problem("\"\(wrong)\" is wrong, expected \(kind.expected)")
        }
        return words
    }
}
