import SSHConfiguration
import SSHCrypto
import SSHSystem

/// `whoami`: what the relay knows of the caller, and what its rules are.
extension SessionAnswer {
    func whoami() async throws {
        let (caller, policy) = (self.caller, self.caller.policy)
        let until = caller.expires.map { LogTime.text($0) } ?? "no end"
        let commands = caller.commands.all.map(\.rawValue).joined(separator: ",")
        var rows = [
            ("account", caller.account.escapedForLog), ("key", "\(caller.key.displayName) \(caller.fingerprint)"),
            ("name", policy.keyName.escapedForLog), ("from", "\(caller.peer)"),
            ("connection", "\(caller.connection)"), ("until", until), ("commands", commands),
            ("names", policy.settings.names.text),
        ]
        rows += [("listen", self.listening), ("open", self.opening)].map { ($0.0, $0.1.escapedForLog) }
        if self.wantsJSON {
            try await self.write([self.object { writer in for (name, value) in rows { writer.add(name, text: value) } }]
            )
        } else {
            let width = rows.map(\.0.utf8.count).max() ?? 0
            try await self.write(
                rows.map { name, value in
                    self.stream.hasTerminal
                        ? name + String(repeating: " ", count: width - name.utf8.count) + "  " + value
                        : "\(name)\t\(value)"
                }
            )
        }
    }

    private var listening: String {
        let policy = self.caller.policy
        guard policy.mayForward(.remote) else { return "nothing" }
        return Self.words(policy.settings.permitListen, policy.key.options.permitListen)
    }

    private var opening: String {
        let policy = self.caller.policy
        guard policy.mayForward(.local) else { return "nothing" }
        return Self.words(policy.settings.permitOpen, policy.key.options.permitOpen)
    }

    /// Where both limit, both must permit.
    private static func words(_ configured: PermitList, _ permissions: [ForwardPermission]) -> String {
        let ofKey = permissions.isEmpty ? nil : self.words(permissions)
        switch configured {
        case .any: return ofKey ?? "any"
        case .none: return "nothing"
        case .only(let list): return ofKey.map { "\($0), of \(self.words(list))" } ?? self.words(list)
        }
    }

    private static func words(_ permissions: [ForwardPermission]) -> String {
        let shown = permissions.prefix(16).map(\.text).joined(separator: " ")
        return permissions.count > 16 ? "\(shown) and \(permissions.count - 16) more" : shown
    }
}
