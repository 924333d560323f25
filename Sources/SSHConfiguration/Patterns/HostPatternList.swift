/// Addresses, address ranges and names, separated by commas, each perhaps negated: what `from=`, `AllowUsers user@...` and
/// `Match Address` hold.
package struct HostPatternList: Hashable, Sendable {
    package let text: String
    private let elements: [Element]
    private let names: PatternList

    private struct Element: Hashable {
        enum Matcher: Hashable {
            case range(AddressRange)
            case pattern(Pattern)
        }

        let matcher: Matcher
        let negated: Bool

        /// Whether a host's name could match: there are no colons in names, and digits alone are meant for addresses.
        var isForNames: Bool {
            guard case .pattern(let pattern) = self.matcher else { return false }
            let text = pattern.text.utf8
            return !text.contains(UInt8(ascii: ":")) && !text.allSatisfy { "0123456789.*?".utf8.contains($0) }
        }

        /// What a client without an address is: nothing that has one.
        var matchesWithoutAddress: Bool {
            guard case .pattern(let pattern) = self.matcher else { return false }
            return self.negated ? pattern.isEverything : pattern.isWild
        }
    }

    /// - Throws: `InvalidValue` for an empty element or an impossible mask length; such a list matches nobody.
    package init(_ text: String) throws {
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

    /// Addresses only: a negated match refuses at once, whatever stands after it. A client that has none, behind a pipe, is
    /// one of those that `*` means.
    package func match(address: String) -> PatternList.Match {
        let numeric = IPAddress(address)?.normalized
        var result = PatternList.Match.notMatched
        for element in self.elements {
            let matches =
                switch (element.matcher, numeric) {
                case (_, nil): element.matchesWithoutAddress
                case (.range(let range), let numeric?): range.contains(numeric)
                case (.pattern(let pattern), _): pattern.matches(address)
                }
            guard matches else { continue }
            if element.negated { return .negated }
            result = .matched
        }
        return result
    }

    /// The address first, then the name; a negated match of either refuses.
    package func matches(host: String, address: String) -> Bool {
        let byAddress = self.match(address: address)
        let byName = self.names.match(host.asciiLowercased)
        if byAddress == .negated || byName == .negated { return false }
        return byAddress == .matched || byName == .matched
    }

    /// Whether the list permits somebody: without a name that should be known, not if a name is left out.
    package func permits(_ origin: ClientOrigin) -> Bool {
        guard !origin.isNameKnown else { return self.matches(host: origin.host, address: origin.address) }
        return !self.elements.contains { $0.negated && $0.isForNames }
            && self.matches(host: origin.address, address: origin.address)
    }

    /// Whether the list keeps somebody out: without a name that should be known, also if it could be one of the list's.
    package func excludes(_ origin: ClientOrigin) -> Bool {
        guard !origin.isNameKnown else { return self.matches(host: origin.host, address: origin.address) }
        let byAddress = self.match(address: origin.address)
        guard byAddress != .negated else { return false }
        return byAddress == .matched || self.elements.contains { !$0.negated && $0.isForNames }
    }
}
