import SSHConfiguration

/// One argument of AllowUsers, DenyUsers, AllowGroups or DenyGroups.
public struct UserPattern: Hashable, Sendable {
    public let text: String
    /// The line that it stands in.
    public let rule: Rule
    private let name: Pattern
    private let hosts: HostPatternList?

    /// `NAME`, or `NAME@HOSTS` with HOSTS as in `from=`.
    ///
    /// - Throws: `InvalidValue`.
    init(user text: String, rule: Rule) throws {
        let at = text.lastIndex(of: "@")
        self.text = text
        self.rule = rule
        self.name = Pattern(String(at.map { text[..<$0] } ?? text[...]))
        self.hosts = try at.map { try HostPatternList(String(text[text.index(after: $0)...])) }
        guard !text.isEmpty else { throw InvalidValue("\"\" is wrong, expected a pattern") }
    }

    init(group text: String, rule: Rule) throws {
        self.text = text
        self.rule = rule
        self.name = Pattern(text)
        self.hosts = nil
        guard !text.isEmpty else { throw InvalidValue("\"\" is wrong, expected a pattern") }
    }

    func permits(_ facts: ConnectionFacts) -> Bool {
        self.name.matches(facts.user) && self.hosts?.permits(facts.origin) ?? true
    }

    func excludes(_ facts: ConnectionFacts) -> Bool {
        self.name.matches(facts.user) && self.hosts?.excludes(facts.origin) ?? true
    }

    /// Whether it stands for a group of the account. Who is in no group counts as member of one without a name.
    func matchesGroup(of facts: ConnectionFacts) -> Bool {
        facts.groups.isEmpty ? self.name.isWild : facts.groups.contains(where: self.name.matches)
    }
}
