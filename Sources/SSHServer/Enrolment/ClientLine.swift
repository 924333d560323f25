import SSHConfiguration
package import SSHCrypto
import SSHSystem
package import SSHWire

/// A line of authorized_keys that lets a device or a person in: every word of it is checked, so that none can become another line or an
/// option.
package struct ClientLine: Sendable {
    package let key: PublicKey
    /// The comment behind the key, which is what `%k` stands for.
    package let name: String
    /// The whole line, without its end.
    package let text: String
    /// As the relay reads it.
    private let options: KeyOptions

    /// - Throws: `misuse` with what is wrong, and what is expected.
    package init(_ key: PublicKey, name: String, rights: ClientRights) throws(SSHError) {
        try Self.check(name)
        let options: String
        do {
            options = try Self.options(rights, name)
        } catch {
            throw SSHError(.misuse, ((error as? InvalidValue)?.reason ?? "\(error)").escapedForLog)
        }
        self.key = key
        self.name = name
        self.text = "\(options) \(key.openSSHText)" + (name.isEmpty ? "" : " \(name)")
        let file = AuthorizedKeysFile(Array(self.text.utf8), path: "the key")
        guard file.problems.isEmpty, file.keys.count == 1, file.keys[0].blob == key.blob, file.keys[0].comment == name
        else {
            throw SSHError(.misuse, file.problems.first?.reason.escapedForLog ?? "the key makes no line of its own")
        }
        self.options = file.keys[0].options
    }

    /// Where the key may listen, with its name in place of `%k`.
    var listens: [String] {
        self.permissions.map { $0.namesKey ? $0.text.replacing("%k", with: self.name) : $0.text }
    }

    func mayListen(as device: DeviceName) -> Bool {
        let own = try? DeviceName(self.name)
        return self.permissions.contains { permission in
            let port: UInt32 = if case .number(let number) = permission.port { UInt32(number) } else { 22 }
            return permission.permits(device, port: port, keyName: own)
        }
    }

    private var permissions: [ForwardPermission] {
        guard self.options.permitsPortForwarding else { return [] }
        return self.options.permitListen.filter { $0.text != ClientRights.nothing }
    }

    private static let longestName = 256

    private static func check(_ name: String) throws(SSHError) {
        guard name.utf8.count <= Self.longestName, name.isOneLine, name.first != " ", name.last != " "
        else {
            throw SSHError(
                .misuse,
                "\"\(name.escapedForLog)\" cannot stand behind a key: expected at most \(Self.longestName) bytes without "
                    + "control characters"
            )
        }
    }

    private static func options(_ rights: ClientRights, _ name: String) throws -> String {
        let forwards = !rights.listen.isEmpty || !rights.open.isEmpty
        var options = ["restrict"]
        if forwards {
            options.append("port-forwarding")
            options += try Self.permissions("permitlisten", rights.listen, name)
            options += try Self.permissions("permitopen", rights.open, name)
        }
        if !rights.commands.isEmpty {
            guard rights.commands.count <= ClientRights.most, rights.commands.allSatisfy(Self.isWord) else {
                throw InvalidValue("a command is a word such as list or connect")
            }
            options.append("permitcommand=\"\(rights.commands.joined(separator: ","))\"")
        }
        if let expires = rights.expires {
            let time = Self.compact(expires)
            _ = try ExpiryTime.parse(time)
            options.append("expiry-time=\"\(time)\"")
        }
        return options.joined(separator: ",")
    }

    private static func permissions(_ option: String, _ values: [String], _ name: String) throws -> [String] {
        guard values.count <= ClientRights.most else {
            throw InvalidValue("more than \(ClientRights.most) of \(option)")
        }
        return try (values.isEmpty ? [ClientRights.nothing] : values).map { value in
            guard value.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !"\"\\,".utf8.contains($0) }) else {
                throw InvalidValue("\"\(value)\" is no host and port")
            }
            let rule = Rule.builtIn(value)
            let permission = try ForwardPermission(value, allowsBarePort: option == "permitlisten", rule: rule)
            if permission.namesKey, (try? DeviceName(name)) == nil {
                throw InvalidValue(
                    "%k stands for the key's comment, and \"\(name)\" is no name of a device; --name gives it another"
                )
            }
            return "\(option)=\"\(value)\""
        }
    }

    private static func isWord(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { (97...122).contains($0) || $0 == UInt8(ascii: "-") }
    }

    /// `2027-01-01T12:00Z` as `202701011200Z`.
    private static func compact(_ time: String) -> String {
        guard time.utf8.count <= 32, time.utf8.count > 5, Array(time.utf8)[4] == UInt8(ascii: "-") else { return time }
        return String(decoding: time.utf8.filter { !"-:T".utf8.contains($0) }, as: UTF8.self)
    }
}
