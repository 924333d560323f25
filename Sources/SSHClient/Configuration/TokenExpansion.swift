import SSHConfiguration
import SSHCrypto
import SSHWire

/// ssh_config's `%h` and `${NAME}`.
struct TokenExpansion {
    var values: [Character: String]
    var environment: LocalEnvironment

    init(values: [Character: String], environment: LocalEnvironment) {
        self.values = values
        self.environment = environment
    }

    /// What the tokens stand for, as far as the options say by now.
    ///
    /// - Parameter hostName: after HostName.
    init(_ options: ConfigurationOptions, originalHost: String, hostName: String, _ environment: LocalEnvironment) {
        var jump = ""
        if case .jump(let hosts) = options.proxy { jump = hosts.last?.host ?? "" }
        let port = "\(options.port ?? 22)"
        let user = options.user ?? environment.userName
        self.environment = environment
        self.values = [
            "C": Self.hash("\(environment.hostName)\(hostName)\(port)\(user)"),
            "h": hostName,
            "n": originalHost,
            "p": port,
            "r": user,
            "j": jump,
            "k": options.hostKeyAlias ?? originalHost,
            "u": environment.userName,
            "d": environment.homeDirectory,
            "i": "\(environment.userID)",
            "l": environment.hostName,
            "L": String(environment.hostName.prefix { $0 != "." }),
        ]
    }

    /// Replaces `%x` for each token in `allowed`; `%%` is a percent sign.
    func percent(_ text: String, allowed: String) throws -> String {
        try self.percent(text, allowed: allowed) { _, _ in }
    }

    /// Of a command that a shell is to run.
    ///
    /// - Throws: `invalidConfiguration` also for a name that would be more than a name there.
    func shellCommand(_ text: String, allowed: String) throws -> String {
        try self.percent(text, allowed: allowed) { token, value in
            // The name that the system has for whoever calls us is no stranger's.
            if token == "r", value == self.environment.userName { return }
            try NameRules.check(value, inShellFor: token)
        }
    }

    private func percent(
        _ text: String,
        allowed: String,
        check: (Character, String) throws -> Void
    ) throws -> String {
        var result = ""
        for piece in PercentPiece.split(text) {
            switch piece {
            case .text(let text): result += text
            case .token("%"): result += "%"
            case .token(nil):
                throw SSHError(.invalidConfiguration, "\"\(text)\" ends with a lone %; write %% for a percent sign")
            case .token(let scalar?):
                let token = Character(scalar)
                guard allowed.contains(token), let value = self.values[token] else {
                    throw SSHError(.invalidConfiguration, "\"\(text)\": the token %\(token) is not known here")
                }
                try check(token, value)
                result += value
            }
        }
        return result
    }

    /// Replaces `${NAME}`; a variable that is not set is an error, because half a path is worse than none.
    static func variables(_ text: String, in environment: LocalEnvironment) throws -> String {
        guard text.contains("${") else { return text }
        var result = ""
        var rest = Substring(text)
        while let character = rest.popFirst() {
            guard character == "$", rest.first == "{" else {
                result.append(character)
                continue
            }
            guard let end = rest.firstIndex(of: "}") else {
                throw SSHError(.invalidConfiguration, "\"\(text)\": ${ is never closed")
            }
            let name = rest[..<end].dropFirst()
            guard !name.isEmpty, name.utf8.allSatisfy(Self.isVariableByte) else {
                throw SSHError(.invalidConfiguration, "\"\(text)\": ${\(name)} is no variable's name")
            }
            guard let value = environment.variable(String(name)) else {
                throw SSHError(.invalidConfiguration, "\"\(text)\": the environment has no variable \(name)")
            }
            result += value
            rest = rest[end...].dropFirst()
        }
        return result
    }

    /// A path as ssh expands those of IdentityFile, UserKnownHostsFile and the like: `~`, then tokens, then variables.
    func path(_ text: String) throws -> String {
        let home = try self.environment.expandingTilde(text)
        return try Self.variables(try self.percent(home, allowed: Self.pathTokens), in: self.environment)
    }

    static let pathTokens = "CdhijkLlnpru"
    static let userTokens = "dhijkLlnpu"
    static let proxyTokens = "hknpr"

    /// `%C`, which names a connection: of `%l%h%p%r`.
    private static func hash(_ text: String) -> String {
        SHA1Digest.hash(Array(text.utf8)).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private static func isVariableByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39,
            UInt8(ascii: "_"):
            true
        default:
            false
        }
    }
}
