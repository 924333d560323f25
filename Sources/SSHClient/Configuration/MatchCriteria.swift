import SSHConfiguration
import SSHWire

/// The criteria of one `Match` line.
struct MatchCriteria {
    enum Criterion: Hashable {
        case all, canonical, final
        case host(String), originalHost(String), user(String), localUser(String), exec(String)
        case localNetwork([AddressRange]), version(String), tagged(String), command(String), sessionType(String)
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
            case "localnetwork":
                criterion = .localNetwork(try Self.networks(try Self.argument(&bytes, of: name, line), line))
            case "version": criterion = .version(try Self.argument(&bytes, of: name, line))
            case "tagged": criterion = .tagged(try Self.argument(&bytes, of: name, line, mayBeEmpty: true))
            case "command": criterion = .command(try Self.argument(&bytes, of: name, line, mayBeEmpty: true))
            case "sessiontype": criterion = .sessionType(try Self.argument(&bytes, of: name, line))
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
        _ line: ConfigurationLine,
        mayBeEmpty: Bool = false
    ) throws -> String {
        guard let first = bytes.first, first != UInt8(ascii: "#"),
            let argument = ConfigurationLine.takeWord(&bytes), mayBeEmpty || !argument.isEmpty
        else {
            throw line.failure("Bad Match condition: Missing Match criteria for \(name)")
        }
        return argument
    }

    private static func networks(_ list: String, _ line: ConfigurationLine) throws -> [AddressRange] {
        try list.split(separator: ",", omittingEmptySubsequences: false).map { text in
            do {
                guard let range = try AddressRange(String(text)) else {
                    throw InvalidValue("\"\(text)\" is not an address, expected e.g. 192.0.2.0/24")
                }
                return range
            } catch let error as InvalidValue {
                throw line.failure("Bad Match condition: localnetwork: \(error.reason)")
            }
        }
    }
}

/// What `Match` compares with.
struct MatchSubject {
    var host: String
    var originalHost: String
    var user: String
    var localUser: String
    var isFinalPass: Bool
    /// What `Tag` or `-P` said; empty if neither did.
    var tag: String
    /// The words behind the host, joined by blanks. RemoteCommand is not asked, as ssh does not.
    var command: String
    var sessionType: SessionType?
    /// The addresses of the interfaces that are up.
    var localAddresses: () -> [IPAddress]
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
            case .version(let list): holds = PatternList(list).match(Self.version) == .matched
            case .tagged(let list): holds = Self.isEmptyOrMatched(self.tag, list)
            case .command(let list): holds = Self.isEmptyOrMatched(self.command, list)
            case .sessionType(let list): holds = PatternList(list).match(self.sessionTypeName) == .matched
            case .localNetwork(let ranges):
                holds = self.localAddresses().contains { address in ranges.contains { $0.contains(address) } }
            case .exec(let command):
                // A command is run only if everything before it held.
                guard result else { continue }
                holds = try self.execute(command)
            }
            if holds == item.isNegated { result = false }
        }
        return result
    }

    /// As ssh compares with the name and the number of its own release.
    private static let version = "swssh_0.1"

    private var sessionTypeName: String {
        switch self.sessionType {
        case .subsystem: "subsystem"
        case .some(.none): "none"
        case .default, nil: self.command.isEmpty ? "shell" : "exec"
        }
    }

    /// What is empty is meant by the empty text alone: `*` asks for a tag, or for a command.
    private static func isEmptyOrMatched(_ text: String, _ list: String) -> Bool {
        text.isEmpty ? list.isEmpty : PatternList(list).match(text) == .matched
    }
}
