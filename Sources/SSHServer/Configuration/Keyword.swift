import SSHConfiguration

/// One keyword of sshd_config: what it accepts, where it may stand, what it sets, how `-T` prints it.
///
/// To add one, add an entry to `Keyword+Server.swift`, `Keyword+Account.swift` or `Keyword+Ignored.swift`.
struct Keyword: Sendable {
    enum Scope: Sendable {
        /// Not inside a Match block.
        case global
        case anywhere
    }

    enum Assignment: Sendable {
        case server(@Sendable (inout ServerConfiguration) -> Void)
        case account(@Sendable (inout AccountSettings) -> Void)
        case nothing
    }

    /// As OpenSSH spells it; compared without regard to case.
    let name: String
    let scope: Scope
    /// Takes all arguments; throws `invalidConfiguration`.
    let parse: @Sendable (inout Arguments) throws -> Assignment
    /// Copies the value of a matching Match block, if it has one.
    var overlay: @Sendable (_ matched: AccountSettings, _ settings: inout AccountSettings) -> Void = { _, _ in }
    /// The arguments of each line that `-T` prints.
    var format: @Sendable (ServerConfiguration, AccountSettings) -> [String] = { _, _ in [] }

    static let all: [Keyword] =
        Self.server + Self.account + Self.certificates + Self.commands + Self.limits + Self.operation + Self.unixSockets
        + Self.rateLimits + Self.room + Self.names + Self.identity + Self.sessions + Self.ignored

    /// Older spellings.
    static let aliases = [
        "challengeresponseauthentication": "kbdinteractiveauthentication",
        "skeyauthentication": "kbdinteractiveauthentication",
        "dsaauthentication": "pubkeyauthentication",
        "gssapicleanupcreds": "gssapicleanupcredentials",
        "hostbasedacceptedkeytypes": "hostbasedacceptedalgorithms",
        "hostdsakey": "hostkey",
        "keepalive": "tcpkeepalive",
        "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
    ]

    static func named(_ name: String) -> Keyword? {
        let lowercased = name.asciiLowercased
        return Self.byName[Self.aliases[lowercased] ?? lowercased]
    }

    private static let byName = Dictionary(
        Self.all.map { ($0.name.asciiLowercased, $0) },
        uniquingKeysWith: { first, _ in first }
    )
}

extension Keyword {
    typealias ServerPath<Value: Sendable> = WritableKeyPath<ServerConfiguration, Setting<Value>> & Sendable
    typealias AccountPath<Value: Sendable> = WritableKeyPath<AccountSettings, Setting<Value>> & Sendable

    /// A keyword for the whole relay whose first value wins.
    static func server<Value: Sendable>(
        _ name: String,
        _ path: any ServerPath<Value>,
        format: @escaping @Sendable (Value) -> String,
        parse: @escaping @Sendable (inout Arguments) throws -> Value
    ) -> Keyword {
        Keyword(name: name, scope: .global) { arguments in
            let value = try parse(&arguments)
            let rule = arguments.rule
            return .server { $0[keyPath: path].setOnce(value, by: rule) }
        } format: { configuration, _ in
            [format(configuration[keyPath: path].wrappedValue)]
        }
    }

    /// A keyword for the whole relay whose lines add up.
    static func serverList<Element: Sendable>(
        _ name: String,
        _ path: any ServerPath<[Element]>,
        format: @escaping @Sendable (Element) -> String,
        parse: @escaping @Sendable (inout Arguments) throws -> [Element]
    ) -> Keyword {
        Keyword(name: name, scope: .global) { arguments in
            let values = try parse(&arguments)
            let rule = arguments.rule
            return .server { $0[keyPath: path].append(values, by: rule) }
        } format: { configuration, _ in
            configuration[keyPath: path].wrappedValue.map(format)
        }
    }

    /// A keyword that may stand in a Match block, whose first value wins.
    static func account<Value: Sendable>(
        _ name: String,
        _ path: any AccountPath<Value>,
        format: @escaping @Sendable (Value) -> String,
        parse: @escaping @Sendable (inout Arguments) throws -> Value
    ) -> Keyword {
        Keyword(name: name, scope: .anywhere) { arguments in
            let value = try parse(&arguments)
            let rule = arguments.rule
            return .account { $0[keyPath: path].setOnce(value, by: rule) }
        } overlay: { matched, settings in
            if matched[keyPath: path].rule != nil { settings[keyPath: path] = matched[keyPath: path] }
        } format: { _, settings in
            [format(settings[keyPath: path].wrappedValue)]
        }
    }

    /// A keyword that may stand in a Match block, whose lines add up.
    static func accountList<Element: Sendable>(
        _ name: String,
        _ path: any AccountPath<[Element]>,
        format: @escaping @Sendable (Element) -> String,
        parse: @escaping @Sendable (inout Arguments) throws -> [Element]
    ) -> Keyword {
        Keyword(name: name, scope: .anywhere) { arguments in
            let values = try parse(&arguments)
            let rule = arguments.rule
            return .account { $0[keyPath: path].append(values, by: rule) }
        } overlay: { matched, settings in
            if matched[keyPath: path].rule != nil { settings[keyPath: path] = matched[keyPath: path] }
        } format: { _, settings in
            settings[keyPath: path].wrappedValue.map(format)
        }
    }
}
