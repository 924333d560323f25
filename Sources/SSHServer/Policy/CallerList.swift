import SSHConfiguration

/// `PermitCallers` and `permitcallers=`: from where a listener on a port may be reached.
public struct CallerList: Hashable, Sendable {
    /// As it was written.
    public var text: String { self.patterns.text }
    /// The line that it stands in.
    public let rule: Rule
    private let patterns: HostPatternList

    /// - Throws: `InvalidValue` for an empty element or an impossible mask length.
    init(_ text: String, rule: Rule) throws {
        self.patterns = try HostPatternList(text)
        self.rule = rule
    }

    /// - Parameter address: in numbers; who has none, as behind a pipe, is permitted by `*` alone.
    func permits(_ address: String) -> Bool { self.patterns.match(address: address) == .matched }
}
