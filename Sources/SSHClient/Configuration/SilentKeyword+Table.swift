import SSHWire

extension SilentKeyword {
    private static let yesNoAsk = ["yes": "true", "true": "true", "no": "false", "false": "false", "ask": "ask"]

    /// ssh's keywords for sessions, other ways to log in, and how things look.
    static let all: [SilentKeyword] = login + sessions + sharing + appearance + addresses

    private static let login: [SilentKeyword] = [
        .flag("EnableSSHKeysign", default: false, isMissed: false),
        .flag("GSSAPIAuthentication", default: false),
        .flag("GSSAPIDelegateCredentials", default: false),
        .flag("GSSAPIKeyExchange", default: false),
        .flag("GSSAPIRenewalForcesRekey", default: false, isMissed: false),
        .flag("GSSAPITrustDns", default: false, isMissed: false),
        .word("GSSAPIClientIdentity", isMissed: false),
        .word("GSSAPIServerIdentity", isMissed: false),
        .word("GSSAPIKexAlgorithms", default: Self.gssapiKeyExchange, isMissed: false),
        .flag("HostbasedAuthentication", default: false),
        .word("HostbasedAcceptedAlgorithms", isMissed: false),
        // What is on by default is not missed when a file says so, too.
        .flag("KbdInteractiveAuthentication", default: true, isMissed: false),
        .word("KbdInteractiveDevices", isMissed: false),
        .flag("PasswordAuthentication", default: true, isMissed: false),
        .count("NumberOfPasswordPrompts", default: 3),
        .word("PKCS11Provider"),
        .word("SecurityKeyProvider", default: "internal"),
        SilentKeyword("AddKeysToAgent", default: "false", Self.addKeysToAgent),
        .choice("VerifyHostKeyDNS", default: "false", Self.yesNoAsk),
        .flag("CheckHostIP", default: false),
    ]

    private static let sessions: [SilentKeyword] = [
        .flag("EnableEscapeCommandline", default: false, isMissed: false),
        SilentKeyword("EscapeChar", default: "~", isMissed: Self.never, Self.escapeCharacter),
        .flag("ForwardX11", default: false),
        // Debian's default; it says nothing without ForwardX11.
        .flag("ForwardX11Trusted", default: true, isMissed: false),
        SilentKeyword("ForwardX11Timeout", default: "1200", isMissed: Self.never) { line in
            // `none` leaves the default.
            [try ConfigurationValue.timeout(&line).map(String.init) ?? "1200"]
        },
        SilentKeyword("ForwardAgent", default: "no") { line in
            let word = try line.next()
            return [["yes": "yes", "true": "yes", "no": "no", "false": "no"][word.lowercased()] ?? word]
        },
        .flag("PermitLocalCommand", default: false),
        SilentKeyword(
            "SendEnv",
            rule: .everyLine,
            default: nil,
            isMissed: { !$0.allSatisfy { $0.first == "-" } }
        ) { line in
            let names = try line.remaining()
            guard !names.contains(where: { $0.contains("=") }) else { throw line.failure("Invalid environment name.") }
            return names
        },
        SilentKeyword("SetEnv", default: nil) { line in
            let settings = try line.remaining()
            guard settings.allSatisfy({ $0.contains("=") }) else { throw line.failure("Invalid SetEnv.") }
            var names: Set<Substring> = []
            return settings.filter { names.insert($0.prefix { $0 != "=" }).inserted }
        },
        .word("XAuthLocation", default: "/usr/bin/xauth", isMissed: false),
        SilentKeyword("ObscureKeystrokeTiming", default: nil, isMissed: Self.never, Self.keystrokeTiming),
    ]

    private static let sharing: [SilentKeyword] = [
        .choice(
            "ControlMaster",
            default: "false",
            [
                "yes": "true", "true": "true", "no": "false", "false": "false", "auto": "auto", "ask": "ask",
                "autoask": "autoask",
            ]
        ),
        .word("ControlPath"),
        SilentKeyword("ControlPersist", default: "no") { line in
            let word = try line.next()
            switch word {
            case "no", "false": return ["no"]
            case "yes", "true": return ["yes"]
            default:
                guard let seconds = ConfigurationValue.seconds(word) else {
                    throw line.failure("Bad ControlPersist argument.")
                }
                return [seconds == 0 ? "yes" : "\(seconds)"]
            }
        },
    ]

    private static let appearance: [SilentKeyword] = [
        .choice("Compression", default: "no", ["yes": "yes", "no": "no"]),
        .choice(
            "FingerprintHash",
            default: "SHA256",
            ["md5": "MD5", "sha1": "SHA1", "sha256": "SHA256", "sha384": "SHA384", "sha512": "SHA512"]
        ),
        SilentKeyword("IPQoS", default: "lowdelay throughput", Self.qualityOfService),
        .words("LogVerbose", default: "none"),
        .choice("SyslogFacility", default: "USER", Self.facilities),
        .word("Tag", isMissed: false),
        .flag("VisualHostKey", default: false),
        SilentKeyword("WarnWeakCrypto", default: nil, isMissed: Self.never) { line in [try line.next()] },
    ]

    private static let addresses: [SilentKeyword] = [
        .words("CanonicalDomains", default: "none", isMissed: false),
        .flag("CanonicalizeFallbackLocal", default: true, isMissed: false),
        .count("CanonicalizeMaxDots", default: 1),
        SilentKeyword("CanonicalizePermittedCNAMEs", default: "none", isMissed: Self.never) { line in
            let rules = try line.remaining()
            if rules.count == 1, rules[0].lowercased() == "none" { return ["none"] }
            return [
                try rules.map { rule in
                    if rule == "*" { return "*:*" }
                    let parts = rule.split(separator: ":", maxSplits: 1)
                    guard parts.count == 2 else { throw line.failure("Invalid permitted CNAME \"\(rule)\"") }
                    return rule.lowercased()
                }.joined(separator: " ")
            ]
        },
    ]

    /// Who asks for these is warned where they stand.
    static let unsupported: [SilentKeyword] = [
        .words("ChannelTimeout", default: nil),
        .command("KnownHostsCommand"),
        .command("LocalCommand"),
        .command("RemoteCommand"),
        .choice(
            "Tunnel",
            default: "false",
            [
                "ethernet": "ethernet", "point-to-point": "point-to-point", "yes": "point-to-point",
                "true": "point-to-point", "no": "false", "false": "false",
            ]
        ),
        SilentKeyword("TunnelDevice", default: "any:any") { line in
            let word = try line.next()
            let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.allSatisfy({ $0.lowercased() == "any" || PortNumber.decimal($0) != nil }) else {
                throw line.failure("Bad tun device.")
            }
            return ["\(parts[0].lowercased()):\(parts.count == 2 ? parts[1].lowercased() : "any")"]
        },
    ]

    private static let gssapiKeyExchange =
        "gss-group14-sha256-,gss-group16-sha512-,gss-nistp256-sha256-,gss-curve25519-sha256-,gss-group14-sha1-,gss-gex-sha1-"

    private static let facilities: [String: String] = Dictionary(
        uniqueKeysWithValues: (["DAEMON", "USER", "AUTH", "AUTHPRIV"] + (0...7).map { "LOCAL\($0)" })
            .map { ($0.lowercased(), $0) }
    )

    // MARK: Values with a form of their own

    private static func addKeysToAgent(_ line: inout ConfigurationLine) throws -> [String] {
        let word = try line.next()
        let time = line.nextIfAny()
        var words = Self.yesNoAsk
        words["confirm"] = "confirm"
        let known = words[word.lowercased()]
        if known == "confirm", let time {
            guard let seconds = ConfigurationValue.seconds(time) else { throw line.failure("invalid time value.") }
            return [seconds == 0 ? "confirm" : "confirm \(seconds)"]
        }
        guard time == nil else { throw line.failure("unsupported option") }
        if let known { return [known] }
        guard let seconds = ConfigurationValue.seconds(word) else { throw line.failure("unsupported option") }
        return [seconds == 0 ? "true" : "\(seconds)"]
    }

    private static func escapeCharacter(_ line: inout ConfigurationLine) throws -> [String] {
        let word = try line.next()
        let bytes = Array(word.utf8)
        switch bytes.count {
        case _ where word == "none": return ["none"]
        case 1: return [bytes[0] == 0x20 ? "\\040" : word]
        case 2 where bytes[0] == UInt8(ascii: "^") && (64..<128).contains(bytes[1]):
            return ["\\^" + String(UnicodeScalar(bytes[1] & 31 | 64))]
        default: throw line.failure("Bad escape character.")
        }
    }

    private static func keystrokeTiming(_ line: inout ConfigurationLine) throws -> [String] {
        let word = try line.next()
        switch word {
        case "yes", "true": return ["yes"]
        case "no", "false": return ["no"]
        default:
            guard word.hasPrefix("interval:"), let number = PortNumber.decimal(word.dropFirst("interval:".count)),
                (1...1000).contains(number)
            else { throw line.failure("unsupported argument \"\(word)\"") }
            return [number == 20 ? "yes" : "\(number)"]
        }
    }

    /// Names of parse_ipqos in OpenSSH's misc.c, for values as they stand in the IP header.
    private static let qualities: [(name: String, value: UInt64)] =
        (1...4).flatMap { row in (1...3).map { ("af\(row)\($0)", UInt64(row << 5 | $0 << 3)) } }
        + (0...7).map { ("cs\($0)", UInt64($0 << 5)) }
        + [("ef", 0xb8), ("le", 0x01), ("lowdelay", 0x10), ("throughput", 0x08), ("reliability", 0x04)]

    private static func qualityOfService(_ line: inout ConfigurationLine) throws -> [String] {
        let words = [try line.next(), line.nextIfAny()].compactMap { $0 }
        let shown = try words.map { word in
            let name = word.lowercased()
            if name == "none" || Self.qualities.contains(where: { $0.name == name }) { return name }
            let digits = name.hasPrefix("0x") ? UInt64(name.dropFirst(2), radix: 16) : PortNumber.decimal(name)
            guard let value = digits, value <= 255 else { throw line.failure("Bad IPQoS value: \(word)") }
            if let known = Self.qualities.first(where: { $0.value == value }) { return known.name }
            let hexadecimal = String(value, radix: 16)
            return "0x" + (hexadecimal.count < 2 ? "0" : "") + hexadecimal
        }
        return ["\(shown[0]) \(shown.last ?? shown[0])"]
    }
}
