import NIOCore
public import SSHCrypto
import SSHProtocol
import SSHSystem
public import SSHWire

/// Why an account's key may or may not do something: every rule that is asked, in the order in which it is asked.
public struct Explanation: Sendable {
    /// What is asked about.
    public enum Question: Hashable, Sendable {
        case logIn
        case listen(ForwardAddress)
        case open(ForwardAddress)
    }

    /// How the key is named: by itself, or by its fingerprint.
    public enum Key: Hashable, Sendable {
        case key(PublicKey)
        case certificate(Certificate)
        /// `SHA256:...`
        case fingerprint(String)
    }

    public let isPermitted: Bool
    /// `yes` or `no` and the rule, one line each; the last one decided.
    public let lines: [String]

    /// Judges by the files as they are now.
    ///
    /// - Parameters:
    ///   - facts: from where, and as whom.
    ///   - now: seconds since 1970.
    public init(
        _ question: Question,
        by key: Key,
        facts: ConnectionFacts,
        configuration: ServerConfiguration,
        now: UInt64
    ) {
        let credential: LoginClaim
        var facts = facts
        if configuration.useDNS, facts.isKnown(.address) {
            facts.missing.insert(.host)
            facts.learn(ClientNameLookup.system.look(facts.address))
        }
        switch key {
        case .key(let key): credential = LoginClaim(user: facts.user, credential: .key(key))
        case .certificate(let certificate):
            credential = LoginClaim(user: facts.user, credential: .certificate(certificate))
        case .fingerprint(let fingerprint):
            guard let key = Self.key(with: fingerprint, facts, configuration) else {
                self.init(
                    false,
                    ["no   no file of the account \(facts.user.escapedForLog) has a key \(fingerprint.escapedForLog)"]
                        + Self.problems(facts, configuration) + Self.unasked(facts, configuration)
                )
                return
            }
            credential = LoginClaim(user: facts.user, credential: .key(key))
        }
        switch Self.judge(credential, facts, configuration, now) {
        case .awaits(let command): self.init(false, ["no   \(command.kind.rawValue) cannot be run now"])
        case .unclear(let reason): self.init(false, ["no   it cannot be judged now: \(reason.escapedForLog)"])
        case .refused(let refusal, _):
            let reasons = refusal.reasons
            let shown = reasons.isEmpty ? ["the key stands in no file of the account that can be read"] : reasons
            self.init(false, shown.map { "no   \($0.escapedForLog)" })
        case .accepted(let grant):
            self.init(question, grant, keyName: credential.certificateIdentifier, configuration)
        }
    }

    /// Runs commands as the relay does: by root as who they are to be run as, else only as who asks.
    private static func judge(
        _ claim: LoginClaim,
        _ facts: ConnectionFacts,
        _ configuration: ServerConfiguration,
        _ now: UInt64
    ) -> LoginDecision {
        let files = AccountFiles()
        var answers = CommandAnswers()
        while true {
            let decision = LoginDecision.judge(
                claim,
                configuration: configuration,
                facts: facts,
                now: now,
                files: files,
                answers: answers
            )
            guard case .awaits(let command) = decision else { return decision }
            answers.add(CommandRunner.runNow(command), of: command)
        }
    }

    /// A command may know the key that has a fingerprint, but is only asked about keys.
    private static func unasked(_ facts: ConnectionFacts, _ configuration: ServerConfiguration) -> [String] {
        guard let name = AccountName(facts.user) else { return [] }
        var facts = facts
        facts.learn(Account.lookingUp(name))
        let settings = configuration.settings(for: facts)
        guard settings.authorizedKeysCommand != nil else { return [] }
        let rule = settings.$authorizedKeysCommand.rule ?? .builtIn("AuthorizedKeysCommand")
        return ["     \(rule): not asked; name the key's file instead of its fingerprint"]
    }

    private init(_ isPermitted: Bool, _ lines: [String]) {
        self.isPermitted = isPermitted
        self.lines = lines
    }

    private init(
        _ question: Question,
        _ grant: LoginGrant,
        keyName: String?,
        _ configuration: ServerConfiguration
    ) {
        let policy = ForwardingPolicy(
            settings: grant.sharedSettings,
            key: grant.key,
            keyName: keyName,
            addressFamily: configuration.addressFamily,
            controlSocket: nil
        )
        var lines = ["yes  \(grant.key.rule)"]
        guard !grant.settings.refuseConnection else {
            let rule = grant.settings.$refuseConnection.rule ?? .builtIn("RefuseConnection yes")
            self.init(false, lines + ["no   \(rule)"])
            return
        }
        let methods = grant.settings.authenticationMethods
        if methods.requiredKeys > 1 {
            let rule = grant.settings.$authenticationMethods.rule ?? .builtIn("AuthenticationMethods \(methods.text)")
            lines.append("     \(rule): \(methods.requiredKeys) different keys must sign, and this is one of them")
        }
        var decisions: [Decision] = []
        switch question {
        case .logIn: break
        case .listen(let address): decisions = policy.decisions(onListening: address.host, port: address.port)
        case .open(let address):
            decisions = policy.decisions(onOpening: address.host, port: address.port)
            if let last = decisions.last, last.isPermitted, Self.leadsToRelay(address, policy, configuration) {
                decisions.append(.refused(by: OwnDoors.notBy(last.rule)))
            }
        }
        lines += decisions.map { "\($0.isPermitted ? "yes " : "no  ") \($0.rule)" }
        let isPermitted = decisions.allSatisfy(\.isPermitted)
        if isPermitted, case .listen(let address) = question {
            lines.append("     \(Self.place(of: address.host, policy, grant.settings))")
        }
        self.init(isPermitted, lines)
    }

    /// Whether a target is the relay's own port by its looks: names are not looked up.
    private static func leadsToRelay(
        _ target: ForwardAddress,
        _ policy: ForwardingPolicy,
        _ configuration: ServerConfiguration
    ) -> Bool {
        guard case .host = policy.meaning(of: target.host) else { return false }
        guard !policy.namesInFull(host: target.host, port: target.port) else { return false }
        let doors = OwnDoors()
        doors.follow(
            configuration.listenEndpoints.compactMap {
                try? SocketAddress(ipAddress: $0.host, port: Int($0.port ?? 0))
            }
        )
        return doors.leadsHere(host: target.host, port: target.port)
    }

    /// Where a listener on the host stands.
    private static func place(of host: String, _ policy: ForwardingPolicy, _ settings: AccountSettings) -> String {
        guard case .host = policy.meaning(of: host) else {
            return "\(policy.namesRule): registers the name, and binds nothing"
        }
        let rule = settings.$gatewayPorts.rule ?? .builtIn("GatewayPorts \(settings.gatewayPorts.rawValue)")
        let addresses = policy.bindAddresses(requested: host).map(\.text)
        return "\(rule): binds \(addresses.joined(separator: " and "))"
    }

    /// The first key of the account's files that has the fingerprint.
    private static func key(
        with fingerprint: String,
        _ facts: ConnectionFacts,
        _ configuration: ServerConfiguration
    ) -> PublicKey? {
        let keys = Self.keys(facts, configuration)?.keys ?? []
        return keys.lazy.compactMap { try? PublicKey(blob: $0.blob) }.first { $0.fingerprint == fingerprint }
    }

    /// The lines and files that may have it and cannot be used.
    private static func problems(_ facts: ConnectionFacts, _ configuration: ServerConfiguration) -> [String] {
        (Self.keys(facts, configuration)?.problems ?? []).prefix(8).map { "     \($0)" }
    }

    private static func keys(_ facts: ConnectionFacts, _ configuration: ServerConfiguration) -> AuthorizedKeys? {
        guard let name = AccountName(facts.user) else { return nil }
        let account = Account.lookingUp(name)
        var facts = facts
        facts.learn(account)
        return AuthorizedKeys.load(
            for: account,
            patterns: configuration.settings(for: facts).authorizedKeysFiles,
            strictModes: configuration.strictModes
        )
    }
}

extension Explanation.Key {
    /// A fingerprint, or the path of a public key or certificate file.
    ///
    /// - Throws: `invalidKey` if the file holds neither.
    public init(argument: String) throws {
        guard !argument.hasPrefix("SHA256:") else {
            self = .fingerprint(argument)
            return
        }
        do {
            let text = String(decoding: try BoundedFile(path: argument, limit: 64 * 1024).bytes, as: UTF8.self)
            try self.init(text: text.split(separator: "\n").first.map(String.init) ?? "")
        } catch is BoundedFile.NotFound {
            throw SSHError(.invalidKey, "\(argument.escapedForLog): no such file; a fingerprint begins with SHA256:")
        } catch let error as SSHError {
            throw SSHError(.invalidKey, "\(argument.escapedForLog): \(error.reason)")
        }
    }
}

extension ForwardAddress {
    /// `HOST:PORT`, `[HOST]:PORT`, or a port alone for a listener on `localhost` as ssh asks for it.
    ///
    /// - Throws: `invalidConfiguration`.
    public init(argument: String, allowsBarePort: Bool) throws {
        let failure = SSHError(
            .invalidConfiguration,
            "\"\(argument.escapedForLog)\" is wrong, expected HOST:PORT\(allowsBarePort ? " or PORT" : "")"
        )
        if allowsBarePort, let port = UInt16(argument) {
            self.init(host: "localhost", port: UInt32(port))
            return
        }
        guard let colon = argument.lastIndex(of: ":"), let port = UInt16(argument[argument.index(after: colon)...])
        else { throw failure }
        var host = String(argument[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        self.init(host: host, port: UInt32(port))
    }
}
