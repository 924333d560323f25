import SSHConfiguration

/// What a client can ask of the relay in a session: `ssh relay list`.
enum SessionCommandName: String, CaseIterable, Sendable {
    case whoami, help, list, connect, disconnect, kick, log
    case hostKeys = "host-keys"
    case enroll

    /// Those that a line of authorized_keys may permit: an invite alone lets somebody enrol.
    static let permissible = Self.allCases.filter { $0 != .enroll }

    /// Everybody may ask who they are, and what there is to ask.
    var isForEverybody: Bool { self == .whoami || self == .help }
}

/// `permitcommand=`: the commands that a key may give in a session.
public struct PermittedCommands: Hashable, Sendable {
    /// What holds without the option.
    static let none = PermittedCommands()
    /// What holds for the one-time key of an invite.
    static let ofInvite = PermittedCommands([.enroll], rule: nil)

    private let names: Set<SessionCommandName>
    /// The line that it stands in; nil where there is no such option.
    let rule: Rule?

    private init() {
        (self.names, self.rule) = ([], nil)
    }

    private init(_ names: Set<SessionCommandName>, rule: Rule?) {
        (self.names, self.rule) = (names, rule)
    }

    /// - Parameter text: names of commands separated by commas.
    /// - Throws: `InvalidValue` for what is no command.
    init(_ text: String, rule: Rule) throws(InvalidValue) {
        var names: Set<SessionCommandName> = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let name = SessionCommandName(rawValue: String(word)), SessionCommandName.permissible.contains(name)
            else {
                let known = SessionCommandName.permissible.map(\.rawValue).joined(separator: ", ")
                throw InvalidValue("\"\(word)\" is no command, expected some of \(known)")
            }
            names.insert(name)
        }
        self.init(names, rule: rule)
    }

    func permits(_ name: SessionCommandName) -> Bool { name.isForEverybody || self.names.contains(name) }

    /// Those that the option names.
    var named: [SessionCommandName] { SessionCommandName.allCases.filter(self.names.contains) }

    /// In the order in which they are explained.
    var all: [SessionCommandName] { SessionCommandName.allCases.filter(self.permits) }

    /// What both permit.
    func intersection(_ other: PermittedCommands) -> PermittedCommands {
        PermittedCommands(self.names.intersection(other.names), rule: self.rule ?? other.rule)
    }
}
