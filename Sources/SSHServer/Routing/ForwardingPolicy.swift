/// What one logged-in key may listen on and open: the account's settings and the key's options, which intersect.
///
/// Ask it again for every request: it is a value, made from the rules as they are now.
public struct ForwardingPolicy: Sendable {
    /// A policy is made for every request, and the settings are large.
    private let sharedSettings: Shared<AccountSettings>
    let key: AuthorizedKey
    /// What `%k` stands for: the comment of the key, or the identifier of the certificate.
    let keyName: String
    private let addressFamily: AddressFamily
    /// Decides in place of lists, if there is one.
    let ruled: RuledLogin?
    let controlSocket: ControlSocketPath?

    public init(settings: AccountSettings, key: AuthorizedKey, addressFamily: AddressFamily = .any) {
        self.init(settings: Shared(settings), key: key, addressFamily: addressFamily, controlSocket: nil)
    }

    init(
        settings: Shared<AccountSettings>,
        key: AuthorizedKey,
        keyName: String? = nil,
        addressFamily: AddressFamily,
        ruled: RuledLogin? = nil,
        controlSocket: ControlSocketPath?
    ) {
        self.sharedSettings = settings
        self.key = key
        self.keyName = keyName ?? key.comment
        self.addressFamily = addressFamily
        self.ruled = ruled
        self.controlSocket = controlSocket
    }

    var settings: AccountSettings { self.sharedSettings.value }

    /// Whether a `tcpip-forward` for this host and port is permitted, judged on the strings as they were requested.
    ///
    /// A port from 1 to 1023 needs more than a wildcard: a PermitListen or a `permitlisten=` that names the number. sshd
    /// lets only root listen there; accounts here have no user id that could say it, so the files' owner says it by number.
    public func mayListen(host: String, port: UInt32) -> Decision {
        Self.outcome(of: self.decisions(onListening: host, port: port))
    }

    /// Whether a `direct-tcpip` to this host and port is permitted, judged on the strings as they were requested.
    public func mayOpen(host: String, port: UInt32) -> Decision {
        Self.outcome(of: self.decisions(onOpening: host, port: port))
    }

    /// Whether a rule names this target in full, host and port, instead of with a wildcard.
    func namesInFull(host: String, port: UInt32) -> Bool {
        var candidates = self.key.options.permitOpen
        if case .only(let list) = self.settings.permitOpen { candidates += list }
        return candidates.contains { $0.isLiteral && $0.permitsOpening(host: host, port: port) }
    }

    /// Every rule that is asked about a listener, in order, up to the first that refuses.
    public func decisions(onListening host: String, port: UInt32) -> [Decision] {
        var decisions = self.decisions(on: .remote, self.settings.$allowTCPForwarding)
        guard decisions.allSatisfy(\.isPermitted) else { return decisions }
        guard port <= 65535 else { return decisions + [.refused(by: .builtIn("a port is at most 65535"))] }
        let meaning = self.meaning(of: host)
        if case .illegal(let reason) = meaning { return decisions + [.refused(by: self.namesRule.because(reason))] }
        if case .device = meaning, port == 0 {
            return decisions + [.refused(by: self.namesRule.because("a name needs a port other than 0"))]
        }
        if let ruled = self.ruled { return decisions + [ruled.decision(onListening: .port(host: host, port))] }
        if case .device(let name) = meaning {
            // A port of a name is no port of the machine's: none is privileged.
            return decisions
                + self.decisions(on: name, port: port, self.settings.$permitListen, self.key.options.permitListen)
        }
        decisions += Self.decisions(of: self.settings.$permitListen, and: self.key.options.permitListen) {
            $0.permitsListening(host: host, port: port)
        }
        guard decisions.allSatisfy(\.isPermitted), (1..<1024).contains(port) else { return decisions }
        return decisions + [self.judgePrivileged(host: host, port: port)]
    }

    /// Every rule that is asked about a target, in order, up to the first that refuses.
    public func decisions(onOpening host: String, port: UInt32) -> [Decision] {
        let decisions = self.decisions(on: .local, self.settings.$allowTCPForwarding)
        guard decisions.allSatisfy(\.isPermitted) else { return decisions }
        guard (1...65535).contains(port) else {
            return decisions + [.refused(by: .builtIn("a port is from 1 to 65535"))]
        }
        let meaning = self.meaning(of: host)
        if case .illegal(let reason) = meaning { return decisions + [.refused(by: self.namesRule.because(reason))] }
        if let ruled = self.ruled { return decisions + [ruled.decision(onOpening: .port(host: host, port))] }
        if case .device(let name) = meaning {
            return decisions
                + self.decisions(on: name, port: port, self.settings.$permitOpen, self.key.options.permitOpen)
        }
        return decisions
            + Self.decisions(of: self.settings.$permitOpen, and: self.key.options.permitOpen) {
                $0.permitsOpening(host: host, port: port)
            }
    }

    /// The sockets that a permitted listen request opens, by GatewayPorts and AddressFamily. Empty if the family has none, and
    /// for names of devices.
    public func bindAddresses(requested host: String) -> [BindAddress] {
        guard case .host = self.meaning(of: host) else { return [] }
        return self.settings.gatewayPorts.bindAddresses(requested: host, family: self.addressFamily)
    }

    /// The rule by which a listener that was once permitted has to be closed, if there is one.
    ///
    /// - Parameters:
    ///   - requestedPort: what the client asked for, perhaps 0.
    ///   - port: what it got.
    ///   - addresses: what the request stood for then.
    func refusal(ofListenerOn host: String, requestedPort: UInt32, port: UInt32, addresses: [String]) -> Rule? {
        let decision = self.mayListen(host: host, port: requestedPort)
        // Who asked for any port keeps the one it got if a rule names that.
        guard decision.isPermitted || self.mayListen(host: host, port: port).isPermitted else { return decision.rule }
        guard case .host = self.meaning(of: host) else { return self.namesRule.because("it is a device's name now") }
        let current = self.bindAddresses(requested: host).map(\.text)
        return addresses.allSatisfy(current.contains) ? nil : .builtIn("GatewayPorts binds it elsewhere now")
    }

    /// What holds for every forward of that direction, before any list.
    func judgeForwarding(
        _ direction: TCPForwarding,
        _ allowed: Setting<TCPForwarding>,
        otherwise builtIn: String
    ) -> Decision {
        Self.outcome(of: self.decisions(on: direction, allowed, otherwise: builtIn))
    }

    /// The last decision decides: those before it permitted.
    private static func outcome(of decisions: [Decision]) -> Decision {
        decisions.last ?? .refused(by: .builtIn("no rule permits it"))
    }

    private func decisions(
        on direction: TCPForwarding,
        _ allowed: Setting<TCPForwarding>,
        otherwise builtIn: String = "AllowTcpForwarding yes"
    ) -> [Decision] {
        var decisions: [Decision] = []
        if !self.key.options.permitsPortForwarding {
            return [.refused(by: self.key.options.portForwardingRule ?? self.key.rule)]
        }
        if let rule = self.key.options.portForwardingRule { decisions.append(.permitted(by: rule)) }
        if self.settings.disableForwarding {
            let rule = self.settings.$disableForwarding.rule ?? .builtIn("DisableForwarding yes")
            return decisions + [.refused(by: rule)]
        }
        let rule = allowed.rule ?? .builtIn(builtIn)
        let isAllowed = allowed.wrappedValue.contains(direction)
        return decisions + [isAllowed ? .permitted(by: rule) : .refused(by: rule)]
    }

    /// The configuration's list, then the key's: both must permit.
    static func decisions(
        of configured: Setting<PermitList>,
        and permissions: [ForwardPermission],
        matches: (ForwardPermission) -> Bool
    ) -> [Decision] {
        var decisions: [Decision] = []
        switch configured.wrappedValue {
        case .any:
            if let rule = configured.rule { decisions.append(.permitted(by: rule)) }
        case .none:
            return [.refused(by: configured.rule ?? .builtIn("none"))]
        case .only(let list):
            guard let permission = list.first(where: matches) else {
                return [.refused(by: configured.rule ?? .builtIn("none"))]
            }
            decisions.append(.permitted(by: permission.rule))
        }
        guard let first = permissions.first else { return decisions }
        guard let permission = permissions.first(where: matches) else {
            let rule = Rule(
                file: first.rule.file,
                line: first.rule.line,
                text: Self.summary(of: permissions.map(\.rule))
            )
            return decisions + [.refused(by: rule)]
        }
        return decisions + [.permitted(by: permission.rule)]
    }

    private func judgePrivileged(host: String, port: UInt32) -> Decision {
        var candidates = self.key.options.permitListen
        if case .only(let list) = self.settings.permitListen { candidates += list }
        for permission in candidates
        where permission.port != .any && permission.permitsListening(host: host, port: port) {
            return .permitted(by: permission.rule)
        }
        return .refused(by: .builtIn("a port below 1024 needs a PermitListen or permitlisten that names it"))
    }

    static func summary(of rules: [Rule]) -> String {
        let shown = rules.prefix(8).map(\.text).joined(separator: ",")
        return rules.count > 8 ? "\(shown) and \(rules.count - 8) more" : shown
    }
}
