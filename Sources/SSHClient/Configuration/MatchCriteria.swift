import SSHConfiguration
import SSHWire

/// The criteria of one `Match` line.
struct MatchCriteria {
    enum Criterion: Hashable {
        case all, canonical, final
        case host(String), originalHost(String), user(String), localUser(String), exec(String)
    }

    struct Item: Hashable {
        var criterion: Criterion
        var isNegated: Bool
    }

    let items: [Item]

    /// - Throws: with ssh's words, if the line names no criterion, an unknown one, or `all` among others.
    init(_ line: ConfigurationLine) throws {
        var bytes = Array(line.rest.utf8)[...]
        var items: [Item] = []
        while let first = bytes.first, first != UInt8(ascii: "#") {
            guard let written = ConfigurationLine.takeWord(&bytes), !written.isEmpty else {
                throw line.failure("Bad Match condition: invalid quotes")
            }
            let isNegated = written.first == "!"
            let name = (isNegated ? String(written.dropFirst()) : written).lowercased()
            let criterion: Criterion
            switch name {
            case "all":
                // `all` may only follow one of `canonical` and `final`.
                guard items.count <= 1, bytes.isEmpty || bytes.first == UInt8(ascii: "#") else {
                    throw line.failure("Bad Match condition: 'all' cannot be combined with other Match attributes")
                }
                criterion = .all
            case "canonical": criterion = .canonical
            case "final": criterion = .final
            case "host": criterion = .host(try Self.argument(&bytes, of: name, line))
            case "originalhost": criterion = .originalHost(try Self.argument(&bytes, of: name, line))
            case "user": criterion = .user(try Self.argument(&bytes, of: name, line))
            case "localuser": criterion = .localUser(try Self.argument(&bytes, of: name, line))
            case "exec": criterion = .exec(try Self.argument(&bytes, of: name, line))
            default: throw line.failure("Bad Match condition: Unsupported Match attribute \(name)")
            }
            items.append(Item(criterion: criterion, isNegated: isNegated))
        }
        guard !items.isEmpty else {
            throw line.failure("no argument after keyword \"match\"")
        }
        self.items = items
    }

    private static func argument(
        _ bytes: inout ArraySlice<UInt8>,
        of name: String,
        _ line: ConfigurationLine
    ) throws -> String {
        guard let first = bytes.first, first != UInt8(ascii: "#"),
            let argument = ConfigurationLine.takeWord(&bytes), !argument.isEmpty
        else {
            throw line.failure("Bad Match condition: Missing Match criteria for \(name)")
        }
        return argument
    }
}

/// What `Match` compares with.
struct MatchSubject {
    var host: String
    var originalHost: String
    var user: String
    var localUser: String
    var isFinalPass: Bool
    /// Runs the command of `exec` and says whether it succeeded.
    var execute: (String) throws -> Bool

    /// - Parameter isActive: false where the surroundings never match; then no command is run.
    func matches(_ criteria: MatchCriteria, isActive: Bool) throws -> Bool {
        var result = isActive
        for item in criteria.items {
            let holds: Bool
            switch item.criterion {
            case .all: holds = true
            case .canonical, .final: holds = self.isFinalPass
            case .host(let list):
                holds = PatternList(list.lowercased()).match(self.host) == .matched
            case .originalHost(let list):
                holds = PatternList(list.lowercased()).match(self.originalHost) == .matched
            case .user(let list): holds = PatternList(list).match(self.user) == .matched
            case .localUser(let list): holds = PatternList(list).match(self.localUser) == .matched
            case .exec(let command):
                // A command is run only if everything before it held.
                guard result else { continue }
                holds = try self.execute(command)
            }
            if holds == item.isNegated { result = false }
        }
        return result
    }
}
