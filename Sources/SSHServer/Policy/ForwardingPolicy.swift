/// What one logged-in key may listen on and open: the account's settings and the key's options, which intersect.
///
/// Ask it again for every request: it is a value, made from the rules as they are now.
public struct ForwardingPolicy: Sendable {
    private let settings: AccountSettings
    private let key: AuthorizedKey
    private let addressFamily: AddressFamily

    public init(settings: AccountSettings, key: AuthorizedKey, addressFamily: AddressFamily = .any) {
        self.settings = settings
        self.key = key
        self.addressFamily = addressFamily
    }

    /// Whether a `tcpip-forward` for this host and port is permitted, judged on the strings as they were requested.
    ///
    /// A port from 1 to 1023 needs more than a wildcard: a PermitListen or a `permitlisten=` that names the number. sshd
    /// lets only root listen there; accounts here have no user id that could say it, so the files' owner says it by number.
    public func mayListen(host: String, port: UInt32) -> Decision {
        let general = self.judgeForwarding(.remote)
        guard general.isPermitted else { return general }
        guard port <= 65535 else { return .refused(by: .builtIn("a port is at most 65535")) }
        let byList = Self.judge(
            configured: self.settings.$permitListen,
            ofKey: self.key.options.permitListen,
            otherwise: general
        ) { $0.permitsListening(host: host, port: port) }
        guard byList.isPermitted, (1..<1024).contains(port) else { return byList }
        return self.judgePrivileged(host: host, port: port)
    }

    /// Whether a `direct-tcpip` to this host and port is permitted, judged on the strings as they were requested.
    public func mayOpen(host: String, port: UInt32) -> Decision {
        let general = self.judgeForwarding(.local)
        guard general.isPermitted else { return general }
        guard (1...65535).contains(port) else { return .refused(by: .builtIn("a port is from 1 to 65535")) }
        return Self.judge(
            configured: self.settings.$permitOpen,
            ofKey: self.key.options.permitOpen,
            otherwise: general
        ) { $0.permitsOpening(host: host, port: port) }
    }

    /// The sockets that a permitted listen request opens, by GatewayPorts and AddressFamily. Empty if the family has none.
    public func bindAddresses(requested host: String) -> [BindAddress] {
        self.settings.gatewayPorts.bindAddresses(requested: host, family: self.addressFamily)
    }

    private func judgeForwarding(_ direction: TCPForwarding) -> Decision {
        if !self.key.options.permitsPortForwarding {
            return .refused(by: self.key.options.portForwardingRule ?? self.key.rule)
        }
        if self.settings.disableForwarding {
            return .refused(by: self.settings.$disableForwarding.rule ?? .builtIn("DisableForwarding yes"))
        }
        let rule = self.settings.$allowTCPForwarding.rule ?? .builtIn("AllowTcpForwarding yes")
        return self.settings.allowTCPForwarding.contains(direction) ? .permitted(by: rule) : .refused(by: rule)
    }

    /// Both lists must permit; the key's rule is the one to name, being the narrower one.
    private static func judge(
        configured: Setting<PermitList>,
        ofKey permissions: [ForwardPermission],
        otherwise general: Decision,
        matches: (ForwardPermission) -> Bool
    ) -> Decision {
        var permitted = general
        switch configured.wrappedValue {
        case .any:
            if let rule = configured.rule { permitted = .permitted(by: rule) }
        case .none:
            return .refused(by: configured.rule ?? .builtIn("none"))
        case .only(let list):
            guard let permission = list.first(where: matches) else {
                return .refused(by: configured.rule ?? .builtIn("none"))
            }
            permitted = .permitted(by: permission.rule)
        }
        guard let first = permissions.first else { return permitted }
        guard let permission = permissions.first(where: matches) else {
            return .refused(by: Rule(file: first.rule.file, line: first.rule.line, text: Self.summary(of: permissions)))
        }
        return .permitted(by: permission.rule)
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

    private static func summary(of permissions: [ForwardPermission]) -> String {
        let shown = permissions.prefix(8).map(\.rule.text).joined(separator: ",")
        return permissions.count > 8 ? "\(shown) and \(permissions.count - 8) more" : shown
    }
}
