import SSHConfiguration

/// The conditions of one Match line; all of them must hold.
struct MatchCriteria: Hashable, Sendable {
    enum Criterion: Hashable, Sendable {
        case user(PatternList)
        case group(PatternList)
        case host(PatternList)
        case address(HostPatternList)
        case localAddress(HostPatternList)
        case localPort(UInt16)
        case routingDomain(PatternList)
        /// Whether it matches depends on nothing but the program.
        case version(matches: Bool)
        case invalidUser
    }

    /// What `Match version` looks at, where sshd has `OpenSSH_10.5p1`.
    private static let version = RelayVersion.name

    /// Empty for `Match all`.
    let criteria: [Criterion]

    /// Pairs of `criterion pattern` or `criterion=pattern`, or the single word `all`.
    ///
    /// - Throws: `InvalidValue`.
    init(_ arguments: [String]) throws {
        var criteria: [Criterion] = []
        var words = arguments[...]
        guard arguments.first?.asciiLowercased != "all" else {
            guard arguments.count == 1 else {
                throw InvalidValue("\"all\" cannot stand with other criteria, expected it alone")
            }
            self.criteria = []
            return
        }
        while let word = words.popFirst() {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let name = parts[0].asciiLowercased
            if name == "invalid-user" && parts.count == 1 {
                criteria.append(.invalidUser)
                continue
            }
            var value = parts.count > 1 && !parts[1].isEmpty ? parts[1] : words.popFirst()
            // `user = a` and `user =a`: the sign is a word, or begins one.
            if parts.count == 1, value?.first == "=" {
                value = value == "=" ? words.popFirst() : value.map { String($0.dropFirst()) }
            }
            guard let value, !value.isEmpty else {
                throw InvalidValue("the criterion \"\(parts[0])\" has no pattern, expected one after it")
            }
            criteria.append(try Self.criterion(name, value))
        }
        guard !criteria.isEmpty else {
            throw InvalidValue("there is no criterion, expected e.g. \"User alice\" or \"all\"")
        }
        self.criteria = criteria
    }

    var asksForGroups: Bool {
        self.criteria.contains { if case .group = $0 { true } else { false } }
    }

    var isAll: Bool { self.criteria.isEmpty }

    func match(_ facts: ConnectionFacts) -> Bool {
        self.criteria.allSatisfy { $0.facts.allSatisfy(facts.isKnown) && Self.match($0, facts) }
    }

    /// What would have to be known to say whether they hold; nil if that can be said.
    func missingFact(_ facts: ConnectionFacts) -> ConnectionFacts.Fact? {
        var missing: ConnectionFacts.Fact?
        for criterion in self.criteria {
            if let fact = criterion.facts.first(where: { !facts.isKnown($0) }) {
                missing = fact
            } else if !Self.match(criterion, facts) {
                return nil
            }
        }
        return missing
    }

    private static func criterion(_ name: String, _ value: String) throws -> Criterion {
        switch name {
        case "user": return .user(PatternList(value))
        case "group": return .group(PatternList(value))
        case "host": return .host(PatternList(value.asciiLowercased))
        case "address": return .address(try HostPatternList(value))
        case "localaddress": return .localAddress(try HostPatternList(value))
        case "localport": return .localPort(try PortNumber.parse(value))
        case "all": throw InvalidValue("\"all\" cannot stand with other criteria, expected it alone")
        case "rdomain": return .routingDomain(PatternList(value))
        case "version": return .version(matches: PatternList(value).match(Self.version) == .matched)
        default:
            throw InvalidValue(
                "\"\(name)\" is not a criterion, expected User, Group, Host, Address, LocalAddress, LocalPort, "
                    + "RDomain, Version, Invalid-User or All"
            )
        }
    }

    private static func match(_ criterion: Criterion, _ facts: ConnectionFacts) -> Bool {
        switch criterion {
        case .user(let patterns): patterns.match(facts.user) == .matched
        case .group(let patterns):
            facts.groups.isEmpty
                ? patterns.matchUnnamed() == .matched
                : facts.groups.contains { patterns.match($0) == .matched }
                    && !facts.groups.contains { patterns.match($0) == .negated }
        case .host(let patterns): patterns.match(facts.host.asciiLowercased) == .matched
        case .address(let patterns): patterns.match(address: facts.address) == .matched
        case .localAddress(let patterns): patterns.match(address: facts.localAddress) == .matched
        case .localPort(let port): facts.localPort == Int(port)
        case .routingDomain(let patterns): patterns.match(facts.routingDomain) == .matched
        case .version(let matches): matches
        case .invalidUser: facts.userIsInvalid
        }
    }
}

extension MatchCriteria.Criterion {
    /// What the criterion looks at.
    fileprivate var facts: [ConnectionFacts.Fact] {
        switch self {
        case .user: [.user]
        case .group: [.user, .groups]
        case .invalidUser, .version: []
        case .routingDomain: [.routingDomain]
        case .host: [.host]
        case .address: [.address]
        case .localAddress: [.localAddress]
        case .localPort: [.localPort]
        }
    }
}
