/// Names of devices: the same lists govern them, and no socket is behind them.
extension ForwardingPolicy {
    /// What a host means to this account, by `Names`.
    func meaning(of host: String) -> DeviceNames.Meaning { self.settings.names.meaning(of: host) }

    var namesRule: Rule { self.settings.$names.rule ?? .builtIn("Names \(self.settings.names.text)") }

    func decisions(
        on name: DeviceName,
        port: UInt32,
        _ configured: Setting<PermitList>,
        _ permissions: [ForwardPermission]
    ) -> [Decision] {
        let keyName = try? DeviceName(self.keyName)
        return Self.decisions(of: configured, and: permissions) {
            $0.permits(name, port: port, keyName: keyName)
        }
    }

    /// The rule by which a name that was once registered has to go, if there is one.
    func refusal(of name: RegisteredName, requestedAs host: String) -> Rule? {
        guard self.meaning(of: host) == .device(name.name) else {
            return self.namesRule.because("it is no device's name now")
        }
        let decision = self.mayListen(host: host, port: UInt32(name.port))
        return decision.isPermitted ? nil : decision.rule
    }

    /// Whether ports that `connect` has opened lead anywhere: no list is about them.
    var mayUseConnectPorts: Decision { self.judgeForwarding(.local) }

    /// Whether any forward of that direction can be permitted.
    func mayForward(_ direction: TCPForwarding) -> Bool { self.judgeForwarding(direction).isPermitted }

    private func judgeForwarding(_ direction: TCPForwarding) -> Decision {
        self.judgeForwarding(direction, self.settings.$allowTCPForwarding, otherwise: "AllowTcpForwarding yes")
    }

    /// Whether a device may have the name, with a port that a rule names or, where rules leave that open, with 22.
    func mayBeCalled(_ name: DeviceName) -> Bool {
        var ports: Set<UInt16> = [22]
        for permission in self.key.options.permitListen {
            if case .number(let port) = permission.port { ports.insert(port) }
        }
        return ports.contains { port in
            self.meaning(of: name.text) == .device(name)
                && self.mayListen(host: name.text, port: UInt32(port)).isPermitted
        }
    }
}
