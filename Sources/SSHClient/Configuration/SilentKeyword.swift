import SSHConfiguration
import SSHWire

/// A keyword that is read and checked as ssh does and that `-G` prints as ssh does, and that changes nothing here.
struct SilentKeyword: Sendable {
    /// What counts of the values so far.
    enum Rule: Sendable {
        /// ssh_config's ordinary one.
        case firstLine
        /// Every line adds, and `-PATTERN` takes away (SendEnv).
        case everyLine
    }

    let name: String
    let rule: Rule
    /// What `-G` prints without a line; empty for nothing.
    let defaults: [String]
    /// Whether somebody who asks for a value would miss something here.
    let isMissed: @Sendable ([String]) -> Bool
    /// The values as `-G` prints them.
    let read: @Sendable (inout ConfigurationLine) throws -> [String]

    init(
        _ name: String,
        rule: Rule = .firstLine,
        default defaults: String?,
        isMissed: (@Sendable ([String]) -> Bool)? = nil,
        _ read: @escaping @Sendable (inout ConfigurationLine) throws -> [String]
    ) {
        let defaults = defaults.map { [$0] } ?? []
        self.name = name
        self.rule = rule
        self.defaults = defaults
        self.isMissed = isMissed ?? { $0 != defaults && $0 != ["none"] }
        self.read = read
    }

    var key: String { self.name.lowercased() }

    var keyword: Keyword {
        Keyword(
            self.name,
            .option { line, options, context in
                // The system's file is not the user's wish, and Debian's names some of these for everybody.
                guard try self.set(&line, &options, context.isActive), !context.isSystemFile else { return }
                // Once is enough.
                guard !options.missed.contains(where: { $0.name == self.name }) else { return }
                options.missed.append(MissedKeyword(name: self.name, place: line.place))
            }
        )
    }

    /// - Returns: whether the line counts and asks for what is missed here.
    func set(
        _ line: inout ConfigurationLine,
        _ options: inout ConfigurationOptions,
        _ isActive: Bool
    ) throws -> Bool {
        let values = try self.read(&line)
        guard isActive else { return false }
        switch self.rule {
        case .firstLine:
            guard options.silent[self.key] == nil else { return false }
            options.silent[self.key] = values
        case .everyLine:
            var all = options.silent[self.key] ?? []
            for value in values {
                if value.first == "-" {
                    let removed = Pattern(String(value.dropFirst()))
                    all.removeAll { removed.matches($0) }
                } else {
                    all.append(value)
                }
            }
            options.silent[self.key] = all
        }
        return self.isMissed(values)
    }

    static let never: @Sendable ([String]) -> Bool = { _ in false }

    // MARK: Kinds of values

    /// - Parameter isMissed: false for what only other ways to log in and sessions have use for.
    static func flag(_ name: String, default value: Bool, isMissed: Bool = true) -> SilentKeyword {
        SilentKeyword(name, default: value ? "yes" : "no", isMissed: isMissed ? nil : Self.never) { line in
            let value = try ConfigurationValue.flag(&line)
            return [value ? "yes" : "no"]
        }
    }

    /// - Parameter words: what may be written, and how it is printed.
    static func choice(_ name: String, default value: String, _ words: [String: String]) -> SilentKeyword {
        SilentKeyword(name, default: value) { line in
            let value = try ConfigurationValue.choice(&line, words)
            return [value]
        }
    }

    static func count(_ name: String, default value: Int) -> SilentKeyword {
        SilentKeyword(name, default: "\(value)", isMissed: Self.never) { line in
            let value = try ConfigurationValue.count(&line)
            return ["\(value)"]
        }
    }

    static func word(_ name: String, default value: String? = nil, isMissed: Bool = true) -> SilentKeyword {
        SilentKeyword(name, default: value, isMissed: isMissed ? nil : Self.never) { line in [try line.next()] }
    }

    /// The rest of the line.
    static func command(_ name: String) -> SilentKeyword {
        SilentKeyword(name, default: nil) { line in [try line.takeRest()] }
    }

    /// Words that are printed on one line.
    static func words(_ name: String, default value: String?, isMissed: Bool = true) -> SilentKeyword {
        SilentKeyword(name, default: value, isMissed: isMissed ? nil : Self.never) { line in
            let words = try line.remaining()
            guard words.count == 1 || !words.contains(where: { $0.lowercased() == "none" }) else {
                throw line.failure("keyword \(line.keyword) \"none\" argument must appear alone.")
            }
            return [words.joined(separator: " ")]
        }
    }
}
