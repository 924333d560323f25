import SSHConfiguration
import SSHCrypto
import SSHSystem

/// `host-keys`: the keys by which a device's own SSH server proves who it is, told by the device and handed to laptops.
extension SessionAnswer {
    /// Lines of known_hosts, for KnownHostsCommand.
    func hostKeys(_ host: String) async throws -> SessionCommandEnd {
        guard let name = Self.name(ofHost: host) else { return .success }
        let (known, account) = (self.context.routes.deviceKeys, self.caller.account)
        let stateDirectory = self.context.rules.configuration.stateDirectory
        let keys = try await self.threads.result { try known.keys(of: name, account, stateDirectory) }
        try await self.write(
            keys.map { key in
                self.wantsJSON
                    ? self.object { writer in
                        writer.add("host", text: host)
                        writer.add("key", text: key)
                    } : "\(host) \(key)"
            }
        )
        return .success
    }

    func addHostKeys(_ given: DeviceName?) async throws -> SessionCommandEnd {
        let policy = self.caller.policy
        guard let name = given ?? (try? DeviceName(policy.keyName)) else {
            return .failure("host-keys: your key is called nothing that is a name: say host-keys add NAME", status: 2)
        }
        guard policy.mayBeCalled(name) else { return .failure("host-keys: you may not listen as \(name.text)") }
        guard let input = try await self.stream.input() else { return .failure("host-keys: that is too long for keys") }
        let keys: [String]
        do {
            keys = try DeviceKeys.read(input)
        } catch {
            return .failure("host-keys: \(error.reason.escapedForTerminal())")
        }
        do {
            try await self.keep(keys, of: name)
        } catch is DeviceKeys.Full {
            return .failure("host-keys: as many devices have told theirs as may", status: 75)
        }
        self.note("host-keys add \(name.text): \(keys.count)")
        let what = keys.count == 1 ? "1 key" : "\(keys.count) keys"
        try await self.write(
            [self.wantsJSON ? self.object { $0.add("keys", number: keys.count) } : "\(name.text): \(what)"]
        )
        return .success
    }

    func keep(_ keys: [String], of name: DeviceName) async throws {
        let (known, account) = (self.context.routes.deviceKeys, self.caller.account)
        let stateDirectory = self.context.rules.configuration.stateDirectory
        try await self.threads.result { try known.set(keys, of: name, account, stateDirectory) }
    }

    /// `[nuc]:2222` is about `nuc`, whatever the port.
    private static func name(ofHost host: String) -> DeviceName? {
        guard host.first == "[", let end = host.lastIndex(of: "]") else { return try? DeviceName(host) }
        return try? DeviceName(String(host[host.index(after: host.startIndex)..<end]))
    }
}
