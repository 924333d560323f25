import SSHWire

/// Says where a client's requests lead: by what its login may do now, and by who listens here.
struct RouteResolver {
    let policy: ForwardingPolicy
    let listeners: any ListenerDirectory
    let doors: OwnDoors
    let connectPorts: ConnectPorts
    /// In whose world names are looked for.
    let account: String

    init(for client: any RoutedClient) {
        self.init(policy: client.policy, client.routes, account: client.login.user)
    }

    init(policy: ForwardingPolicy, _ routes: Routes, account: String) {
        self.policy = policy
        self.listeners = routes.listeners
        self.doors = routes.doors
        self.connectPorts = routes.connectPorts
        self.account = account
    }

    /// direct-tcpip.
    func route(to host: String, port: UInt32) throws(RouteRefusal) -> Route {
        // Whoever may open such a port has been told so by a rule of its own: no list of targets is asked.
        if let number = UInt16(exactly: port),
            let name = self.connectPorts.name(at: host, port: number, for: self.account)
        {
            let decision = self.policy.mayUseConnectPorts
            guard decision.isPermitted else { throw RouteRefusal(rule: decision.rule) }
            return .connectPort(number, name)
        }
        let decision = self.policy.mayOpen(host: host, port: port)
        guard decision.isPermitted else { throw RouteRefusal(rule: decision.rule) }
        switch self.policy.meaning(of: host) {
        case .host: break
        case .device(let name):
            guard let number = UInt16(exactly: port) else { throw RouteRefusal(rule: decision.rule) }
            return .name(RegisteredName(name, port: number, of: self.account))
        case .illegal: throw RouteRefusal(rule: decision.rule)
        }
        // Who is told by whom he is called is told by TCP.
        let announcesClient = self.policy.announcesClient(host: host, port: port)
        if !announcesClient, let number = UInt16(exactly: port),
            let (holder, bound) = self.listeners.holder(atLoopback: host, port: number)
        {
            return .listener(holder, address: bound, port: number)
        }
        let isOpen = !self.doors.has(port: port) || self.policy.namesInFull(host: host, port: port)
        guard isOpen || !self.doors.leadsHere(host: host, port: port) else {
            throw RouteRefusal(rule: OwnDoors.notBy(decision.rule))
        }
        return .socket(host: host, port: port, announcesClient: announcesClient, avoidsOwnDoors: !isOpen)
    }

    /// direct-streamlocal.
    ///
    /// - Parameter account: with its home and user id, if the policy needs them.
    func route(to path: String, for account: Account) throws(RouteRefusal) -> Route {
        let decision = self.policy.mayOpen(path: path, for: account)
        guard decision.isPermitted else { throw RouteRefusal(rule: decision.rule) }
        return .unixSocket(path: path)
    }

    /// tcpip-forward.
    func place(for address: ForwardAddress) throws(RouteRefusal) -> ListeningPlace {
        let decision = self.policy.mayListen(host: address.host, port: address.port)
        guard decision.isPermitted, let port = UInt16(exactly: address.port) else {
            throw RouteRefusal(rule: decision.rule)
        }
        switch self.policy.meaning(of: address.host) {
        case .host: break
        case .device(let name): return .name(RegisteredName(name, port: port, of: self.account))
        case .illegal: throw RouteRefusal(rule: decision.rule)
        }
        return .port(port, addresses: self.policy.bindAddresses(requested: address.host).map(\.text))
    }

    /// streamlocal-forward.
    ///
    /// - Parameter account: with its home and user id, if the policy needs them.
    func place(for path: String, of account: Account) throws(RouteRefusal) -> ListeningPlace {
        let decision = self.policy.mayListen(path: path, for: account)
        guard decision.isPermitted else { throw RouteRefusal(rule: decision.rule) }
        return .unixSocket(
            path: path,
            mask: self.policy.streamLocalBindMask,
            unlinks: self.policy.streamLocalBindUnlink
        )
    }
}
