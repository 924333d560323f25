import SSHConfiguration
import SSHSystem
import SSHWire

/// The lines of ssh_config with which `ssh nuc`, scp, sftp and rsync reach devices by name through the relay.
package struct LaptopConfiguration: Sendable {
    package let lines: [String]

    /// ssh runs no KnownHostsCommand that has to be searched for.
    private static let ssh = "/usr/bin/ssh"

    /// - Parameters:
    ///   - patterns: of hosts, as behind `Host`; empty for what is a name to this account.
    ///   - host: by which laptops reach the relay.
    ///   - port: nil for that of the configuration.
    ///   - takesHostKeys: devices are known by what they told the relay.
    /// - Throws: `misuse` for words that would mean something else in ssh_config, or if there are no names.
    package init(
        _ configuration: ServerConfiguration,
        account: String,
        patterns: [String],
        host: String,
        port: UInt16?,
        takesHostKeys: Bool = true
    ) throws {
        // ssh_config's words are no freer than a shell's.
        _ = try ForwardingDestination(account: account, host: host)
        guard let name = AccountName(account) else { throw SSHError(.misuse, "there can be no such account") }
        var facts = ConnectionFacts(user: "", address: "", localAddress: "", localPort: 0)
        facts.missing = Set(ConnectionFacts.Fact.allCases)
        facts.learn(Account.lookingUp(name))
        let names = configuration.settings(for: facts).names
        guard !patterns.isEmpty || names != .none else {
            throw SSHError(
                .misuse,
                "nothing is a name to \(name): Names is none; --host-pattern says which hosts are meant"
            )
        }
        let words = patterns.isEmpty ? names.text.split(separator: ",").map(String.init) : patterns
        guard words.allSatisfy(Self.isPattern) else {
            throw SSHError(
                .misuse,
                "\"\(words.joined(separator: " ").escapedForLog)\" cannot stand in ssh_config behind Host"
            )
        }
        let relay = "relay-\(account)"
        // Neither is a device, though * matches both.
        let others = ["!localhost", "!\(relay)"]
        let port = port ?? configuration.listenEndpoints.first?.port ?? 22
        var lines = [
            "Host \(relay)",
            "    HostName \(host)",
            "    Port \(port)",
            "    User \(account)",
            "",
            "Host \((words + others).joined(separator: " "))",
            "    ProxyJump \(relay)",
        ]
        if takesHostKeys { lines.append("    KnownHostsCommand \(Self.ssh) \(relay) host-keys %H") }
        self.lines = lines
    }

    private static func isPattern(_ text: String) -> Bool {
        let pattern = text.hasPrefix("!") ? text.dropFirst() : text[...]
        return (1...255).contains(pattern.utf8.count)
            && pattern.utf8.allSatisfy { ForwardingDestination.isPlain($0) || "*?".utf8.contains($0) }
    }
}
