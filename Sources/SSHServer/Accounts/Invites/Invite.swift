import SSHConfiguration
import SSHSystem
import SSHWire

/// What somebody may become who has a one-time key: a device or person of an account.
package struct Invite: Hashable, Sendable {
    /// Who has taken the invite: from then on it is for nobody else.
    struct Use: Hashable, Sendable {
        let name: String
        /// The fingerprint of the key that is let in.
        let key: String
        /// The key stands in its file, or did.
        var isDone = false
    }

    package let account: String
    package let rights: ClientRights
    /// Seconds since 1970; nobody may take it afterwards.
    package let expires: UInt64
    var use: Use?

    package init(account: String, rights: ClientRights, expires: UInt64) {
        self.account = account
        self.rights = rights
        self.expires = expires
    }

    /// The text of its file: a word and a value on each line.
    var text: String {
        var lines = ["account \(self.account)", "expires \(self.expires)"]
        lines += self.rights.listen.map { "listen \($0)" }
        lines += self.rights.open.map { "open \($0)" }
        lines += self.rights.commands.map { "command \($0)" }
        if let expires = self.rights.expires { lines.append("key-expires \(expires)") }
        if let use { lines.append("\(use.isDone ? "used" : "taken") \(use.key) \(use.name)") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// - Throws: `InvalidValue` for a text that this program did not write.
    init(text: String) throws(InvalidValue) {
        var account: String?
        var expires: UInt64?
        var rights = ClientRights()
        var use: Use?
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw InvalidValue("a line without a value") }
            switch parts[0] {
            case "account": account = parts[1]
            case "expires": expires = UInt64(parts[1])
            case "listen": rights.listen.append(parts[1])
            case "open": rights.open.append(parts[1])
            case "command": rights.commands.append(parts[1])
            case "key-expires": rights.expires = parts[1]
            case "taken", "used":
                let words = parts[1].split(separator: " ", maxSplits: 1).map(String.init)
                guard words.count == 2 else { throw InvalidValue("a use without a name") }
                use = Use(name: words[1], key: words[0], isDone: parts[0] == "used")
            default: throw InvalidValue("an unknown word")
            }
        }
        guard let account, AccountName(account) != nil, let expires else {
            throw InvalidValue("no account, or no end")
        }
        self.init(account: account, rights: rights, expires: expires)
        self.use = use
    }
}
