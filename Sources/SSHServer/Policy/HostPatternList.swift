/// Addresses, address ranges and names, separated by commas, each perhaps negated: what `from=`, `AllowUsers user@...` and
/// `Match Address` hold.
struct HostPatternList: Hashable, Sendable {
    let text: String
    private let elements: [Element]
    private let names: PatternList

    private struct Element: Hashable {
        enum Matcher: Hashable {
            case range(AddressRange)
            case pattern(Pattern)
        }

        let matcher: Matcher
        let negated: Bool
    }

    /// - Throws: `InvalidValue` for an empty element or an impossible mask length; such a list matches nobody.
    init(_ text: String) throws {
        self.text = text
        self.elements = try text.split(separator: ",", omittingEmptySubsequences: false).map { element in
            let negated = element.first == "!"
            let host = String(negated ? element.dropFirst() : element)
            guard !host.isEmpty else {
                throw InvalidValue(
                    "\"\(text)\" has an empty element, expected addresses, ranges or names separated by commas"
                )
            }
            let range = try AddressRange(host)
            return Element(matcher: range.map { .range($0) } ?? .pattern(Pattern(host)), negated: negated)
        }
        self.names = PatternList(text.asciiLowercased)
    }

    /// Addresses only: a negated match refuses at once, whatever stands after it.
    func match(address: String) -> PatternList.Match {
        guard let numeric = IPAddress(address)?.normalized else { return .notMatched }
        var result = PatternList.Match.notMatched
        for element in self.elements {
            let matches =
                switch element.matcher {
                case .range(let range): range.contains(numeric)
                case .pattern(let pattern): pattern.matches(address)
                }
            guard matches else { continue }
            if element.negated { return .negated }
            result = .matched
        }
        return result
    }

    /// The address first, then the name; a negated match of either refuses.
    func matches(host: String, address: String) -> Bool {
        let byAddress = self.match(address: address)
        let byName = self.names.match(host.asciiLowercased)
        if byAddress == .negated || byName == .negated { return false }
        return byAddress == .matched || byName == .matched
    }
}
