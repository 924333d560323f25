import SSHConfiguration

extension Keyword {
    /// Keywords against abuse and idleness.
    static let limits: [Keyword] = [
        .server("PerSourcePenalties", \.$perSourcePenalties, format: \.text) { try $0.penalties() },
        .server("PerSourcePenaltyExemptList", \.$perSourcePenaltyExemptList, format: { $0?.text ?? "none" }) {
            arguments in
            let word = try arguments.required("addresses and ranges, or none")
            if word.asciiLowercased == "none" { return nil }
            return try arguments.locating { try HostPatternList(word) }
        },
        .account("RefuseConnection", \.$refuseConnection, format: Self.text) { try $0.flag() },
        Self.channelTimeout,
    ]

    /// Printed as written, and not at all for none, as sshd does.
    private static let channelTimeout: Keyword = {
        var keyword = Keyword.account("ChannelTimeout", \.$channelTimeouts, format: \.text) { try $0.channelTimeouts() }
        keyword.format = { _, settings in
            settings.channelTimeouts.entries.isEmpty ? [] : [settings.channelTimeouts.text]
        }
        return keyword
    }()
}

/// ChannelTimeout: after how much silence channels of a type are closed.
public struct ChannelTimeouts: Hashable, Sendable {
    struct Entry: Hashable, Sendable {
        let pattern: Pattern
        let seconds: Int
        /// As it stands in the file.
        let text: String
    }

    let entries: [Entry]

    /// The first pattern that matches counts; nil for none. The name `global` is matched by itself alone.
    func seconds(for type: String) -> Int? {
        let entry = self.entries.first { type == "global" ? $0.pattern.text == type : $0.pattern.matches(type) }
        return entry.flatMap { $0.seconds > 0 ? $0.seconds : nil }
    }

    /// As `-T` prints it.
    var text: String { self.entries.map(\.text).joined(separator: " ") }
}

extension Arguments {
    /// `yes`, `no`, or words such as `authfail:5s`.
    mutating func penalties() throws -> PenaltyRules {
        let expected = "yes, no, or NAME:TIME such as authfail:5s"
        var rules = PenaltyRules()
        for word in try self.remaining(expected) {
            switch word.asciiLowercased {
            case "yes": rules.isEnabled = true
            case "no": rules.isEnabled = false
            default: try self.setPenalty(word, &rules, expected)
            }
        }
        return rules
    }

    private func setPenalty(_ word: String, _ rules: inout PenaltyRules, _ expected: String) throws {
        let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let names: [String: WritableKeyPath<PenaltyRules, Int>] = [
            "crash": \.crash, "authfail": \.authenticationFailed, "invaliduser": \.invalidUser,
            "refuseconnection": \.refused,
            "noauth": \.noAuthentication, "grace-exceeded": \.graceExceeded, "max": \.maximum, "min": \.minimum,
        ]
        let counts: [String: WritableKeyPath<PenaltyRules, Int>] = [
            "max-sources4": \.family4.maximumSources, "max-sources6": \.family6.maximumSources,
        ]
        let overflows: [String: WritableKeyPath<PenaltyRules, Bool>] = [
            "overflow": \.family4.deniesAllOnOverflow, "overflow6": \.family6.deniesAllOnOverflow,
        ]
        guard parts.count == 2 else { throw self.problem("\"\(word)\" is wrong, expected \(expected)") }
        if let path = names[parts[0].asciiLowercased], let seconds = Self.wholeSeconds(parts[1]) {
            rules[keyPath: path] = Int(seconds)
        } else if let path = counts[parts[0].asciiLowercased], let count = Int32(parts[1]), count > 0 {
            rules[keyPath: path] = Int(count)
        } else if let path = overflows[parts[0].asciiLowercased],
            ["permissive", "deny-all"].contains(parts[1].asciiLowercased)
        {
            rules[keyPath: path] = parts[1].asciiLowercased == "deny-all"
        } else {
            throw self.problem("\"\(word)\" is wrong, expected \(expected)")
        }
    }

    /// A time whose seconds may have a fraction, which counts as a whole one; nil if the text is no time.
    private static func wholeSeconds(_ text: String) -> Int32? {
        guard text.utf8.contains(UInt8(ascii: ".")) else { return ConfigurationTime.seconds(text) }
        // Only the seconds stand last and have a fraction.
        let unit = text.utf8.last.map { $0 | 0x20 } == UInt8(ascii: "s") ? 1 : 0
        let parts = text.dropLast(unit).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let last = parts[0].utf8.last, (48...57).contains(last), !parts[1].isEmpty,
            parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let seconds = ConfigurationTime.seconds(String(parts[0]))
        else { return nil }
        let (sum, overflow) = seconds.addingReportingOverflow(parts[1].utf8.contains { $0 != 48 } ? 1 : 0)
        return overflow ? nil : sum
    }

    /// `none`, or words such as `direct-tcpip=5m`.
    mutating func channelTimeouts() throws -> ChannelTimeouts {
        let expected = "none, or TYPE=TIME such as direct-tcpip=5m"
        let words = try self.remaining(expected)
        if words.count == 1, words[0].asciiLowercased == "none" { return ChannelTimeouts(entries: []) }
        return ChannelTimeouts(
            entries: try words.map { word in
                let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 2, !parts[0].isEmpty, let seconds = ConfigurationTime.seconds(parts[1]) else {
                    throw self.problem("\"\(word)\" is wrong, expected \(expected)")
                }
                return ChannelTimeouts.Entry(pattern: Pattern(parts[0]), seconds: Int(seconds), text: word)
            }
        )
    }
}
