import SSHWire

/// A keyword of ssh_config and what its line does.
struct Keyword: Sendable {
    enum Meaning: Sendable {
        /// Reads the line's arguments; keeps them only if the line stands in an active block.
        case option(
            @Sendable (inout ConfigurationLine, inout ConfigurationOptions, ConfigurationContext) throws -> Void
        )
        case host, match, include
        /// It has no meaning for a client that only forwards.
        case ignored
        /// It would have a meaning, and we do not have it yet: one warning.
        case unsupported(SilentKeyword)
    }

    let name: String
    let meaning: Meaning

    init(_ name: String, _ meaning: Meaning) {
        self.name = name
        self.meaning = meaning
    }

    /// ssh_config's rule for nearly every keyword: the first value wins.
    static func first<Value: Sendable>(
        _ name: String,
        _ path: any WritableKeyPath<ConfigurationOptions, Value?> & Sendable,
        _ read: @escaping @Sendable (inout ConfigurationLine) throws -> Value
    ) -> Keyword {
        Keyword(
            name,
            .option { line, options, context in
                let value = try read(&line)
                if context.isActive, options[keyPath: path] == nil { options[keyPath: path] = value }
            }
        )
    }

    /// A keyword with a few words for values.
    static func choice<Value: Sendable>(
        _ name: String,
        _ path: any WritableKeyPath<ConfigurationOptions, Value?> & Sendable,
        _ values: [String: Value]
    ) -> Keyword {
        .first(name, path) { try ConfigurationValue.choice(&$0, values) }
    }

    /// A keyword whose every line counts.
    static func each(
        _ name: String,
        _ add:
            @escaping @Sendable (inout ConfigurationLine, ConfigurationContext) throws ->
            @Sendable (
                inout ConfigurationOptions
            ) -> Void
    ) -> Keyword {
        Keyword(
            name,
            .option { line, options, context in
                let change = try add(&line, context)
                if context.isActive { change(&options) }
            }
        )
    }

    static let byName: [String: Keyword] = Dictionary(
        Keyword.all.map { ($0.name.lowercased(), $0) },
        uniquingKeysWith: { first, _ in first }
    )
}

/// Where a line stands.
struct ConfigurationContext: Sendable {
    var isActive: Bool
    var environment: LocalEnvironment
    var isSystemFile = false
}
