import SSHClient
import SSHCrypto
import SSHProtocol

/// What was there to log in with, and why some of it was not used: two lines for somebody who was not let in.
struct IdentityReport: Sendable {
    /// Identities that the engine got, with their files.
    private let attempted: [(path: String, key: PublicKey)]
    /// Files that gave it none.
    private let passedOver: [(path: String, reason: String)]
    private let isPublicKeyOn: Bool
    private let agent: IdentityAgent

    /// More than anybody reads in a line.
    private static let longestList = 6

    init(_ configuration: ClientConfiguration, _ keys: ConfiguredIdentities) {
        self.attempted = keys.identities.map { ($0.path, $0.publicKey) }
        self.passedOver = keys.passedOver
        self.isPublicKeyOn = configuration.pubkeyAuthentication
        self.agent = configuration.identityAgent
    }

    func explanation(_ login: ClientLoginReport) -> [String] {
        guard self.isPublicKeyOn else {
            return [
                "no identity was offered: publickey is switched off by PubkeyAuthentication or PreferredAuthentications"
            ]
        }
        return [self.offered(login), self.notOffered(login)].compactMap { $0 }
    }

    private func offered(_ login: ClientLoginReport) -> String? {
        let names = login.offered.map { key in
            let name = self.name(of: key)
            return login.accepted.contains(key) ? "\(name), accepted, but the server wants more" : name
        }
        guard !names.isEmpty else { return nil }
        return "offered and refused by the server: " + Self.list(names, separator: "; ")
    }

    private func notOffered(_ login: ClientLoginReport) -> String? {
        var reasons: [(name: String, reason: String)] = self.passedOver.map { ($0.path, $0.reason) }
        for key in login.unsuitable {
            reasons.append((self.name(of: key), "the server takes no signature of \(key.type) keys"))
        }
        let left = self.attempted.filter { !login.offered.contains($0.key) && !login.unsuitable.contains($0.key) }
        if let methods = login.methods, !methods.contains("publickey") {
            let allowed = methods.isEmpty ? "nothing" : methods.joined(separator: ",")
            reasons += left.map { ($0.path, "the server now allows \(allowed) alone") }
            if left.isEmpty, login.accepted.isEmpty {
                reasons.append(("anything else", "the server allows \(allowed) alone"))
            }
        } else {
            reasons += left.map { ($0.path, "the server ended the login before its turn") }
        }
        switch self.agent {
        case .none: reasons.append(("keys of an agent", "no agent"))
        case .socket(let path): reasons.append(("keys of the agent at \(path)", "agents are not supported yet"))
        }
        var order: [String] = []
        for (_, reason) in reasons where !order.contains(reason) { order.append(reason) }
        let groups = order.map { reason in
            let names = reasons.filter { $0.reason == reason }.map(\.name)
            return "\(Self.list(names, separator: ", ")) (\(reason))"
        }
        return (login.offered.isEmpty ? "no identity was offered: " : "not offered: ") + groups.joined(separator: "; ")
    }

    private func name(of key: PublicKey) -> String {
        let path = self.attempted.first { $0.key == key }?.path ?? "a key"
        return "\(path) (\(key.displayName) \(key.fingerprint))"
    }

    private static func list(_ names: [String], separator: String) -> String {
        let shown = names.prefix(self.longestList).joined(separator: separator)
        return names.count > self.longestList ? "\(shown) and \(names.count - self.longestList) more" : shown
    }
}
