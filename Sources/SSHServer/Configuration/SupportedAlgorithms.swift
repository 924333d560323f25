import SSHConfiguration

/// The names that this program has an implementation for, each list in the order of preference: what a file's lists are
/// resolved against.
public struct SupportedAlgorithms: Hashable, Sendable {
    public var ciphers: [String]
    /// Those of them that authenticate by themselves.
    public var ciphersWithoutMAC: [String]
    public var macs: [String]
    public var keyExchanges: [String]
    /// Those that only a list that names them has.
    public var keyExchangesByName: [String]
    /// Signature algorithms for host keys.
    public var hostKeys: [String]
    /// Signature algorithms for user keys and certificates.
    public var publicKeys: [String]
    /// Signature algorithms for the authorities of certificates.
    public var authorities: [String]

    public init(
        ciphers: [String],
        ciphersWithoutMAC: [String] = [],
        macs: [String],
        keyExchanges: [String],
        keyExchangesByName: [String] = [],
        hostKeys: [String],
        publicKeys: [String],
        authorities: [String]
    ) {
        self.ciphers = ciphers
        self.ciphersWithoutMAC = ciphersWithoutMAC
        self.macs = macs
        self.keyExchanges = keyExchanges
        self.keyExchangesByName = keyExchangesByName
        self.hostKeys = hostKeys
        self.publicKeys = publicKeys
        self.authorities = authorities
    }
}

/// A list of algorithm names as Ciphers, MACs, KexAlgorithms and the key algorithm keywords have it.
enum AlgorithmList {
    struct Resolution: Hashable {
        let names: [String]
        /// Names in the list that mean nothing here.
        let unknown: [String]
    }

    /// `+` adds to the default, `-` removes patterns from it, `^` puts names in front of it; without a sign the list is all.
    ///
    /// - Parameters:
    ///   - defaults: what holds without a list.
    ///   - byName: what a list may name beyond that.
    ///   - wildcards: patterns are legal everywhere (key algorithms), not only after `-`.
    ///   - mayLeaveNone: whether nothing may be left.
    /// - Throws: `InvalidValue` for an empty name, a misplaced pattern, or if nothing is left.
    static func resolve(
        _ text: String,
        defaults: [String],
        byName: [String] = [],
        wildcards: Bool,
        mayLeaveNone: Bool = false
    ) throws -> Resolution {
        func judge(_ names: [String], unknown: [String]) throws -> Resolution {
            guard mayLeaveNone || !names.isEmpty else {
                throw InvalidValue("\"\(text)\" leaves no algorithm that is supported here, expected at least one")
            }
            return Resolution(names: names, unknown: unknown)
        }
        let sign = text.first.flatMap { "+-^".contains($0) ? $0 : nil }
        let list = String(sign == nil ? text[...] : text.dropFirst())
        let elements = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard !elements.contains("") else {
            throw InvalidValue("\"\(text)\" has an empty name, expected names separated by commas")
        }
        if sign == "-" {
            let removed = PatternList(list)
            return try judge(defaults.filter { removed.match($0) != .matched }, unknown: [])
        }
        var named: [String] = []
        var unknown: [String] = []
        for element in elements {
            let pattern = Pattern(element)
            guard wildcards || !pattern.hasWildcards, !element.hasPrefix("!") else {
                throw InvalidValue(
                    "\"\(element)\" is wrong, expected an algorithm's name; patterns are legal after - only"
                )
            }
            let matches = (defaults + byName).filter(pattern.matches)
            if matches.isEmpty { unknown.append(element) }
            named += matches.filter { !named.contains($0) }
        }
        let names =
            switch sign {
            case "+": defaults + named.filter { !defaults.contains($0) }
            case "^": named + defaults.filter { !named.contains($0) }
            default: named
            }
        return try judge(names, unknown: unknown)
    }
}
