import SSHConfiguration

/// The kinds of values that several keywords share.
extension Arguments {
    mutating func flag() throws -> Bool {
        switch try self.required("yes or no") {
        case let word where word.asciiLowercased == "yes": return true
        case let word where word.asciiLowercased == "no": return false
        case let word: throw self.problem("\"\(word)\" is wrong, expected yes or no")
        }
    }

    /// One of the words of an enum, whatever its case.
    mutating func word<Value: RawRepresentable & CaseIterable>(aliases: [String: String] = [:]) throws -> Value
    where Value.RawValue == String {
        let expected = "one of " + Value.allCases.map(\.rawValue).joined(separator: ", ")
        let word = try self.required(expected)
        let lowercased = aliases[word.asciiLowercased] ?? word.asciiLowercased
        guard let value = Value.allCases.first(where: { $0.rawValue.asciiLowercased == lowercased }) else {
            throw self.problem("\"\(word)\" is wrong, expected \(expected)")
        }
        return value
    }

    /// A number from 0 to 2^31-1, as sshd has it.
    mutating func integer() throws -> Int {
        let expected = "a number from 0 to 2147483647"
        let word = try self.required(expected)
        guard let number = Int32(word), number >= 0 else {
            throw self.problem("\"\(word)\" is wrong, expected \(expected)")
        }
        return Int(number)
    }

    mutating func port() throws -> UInt16 {
        let word = try self.required("a port")
        return try self.locating { try PortNumber.parse(word) }
    }

    /// Seconds, or numbers with units as in `1h30m`; nil for 0.
    mutating func duration(_ other: [String] = []) throws -> Duration? {
        let expected = "a time such as 90, 30s, 5m or 1h30m" + other.map { " or \($0)" }.joined()
        let word = try self.required(expected)
        if other.contains(word.asciiLowercased) { return nil }
        guard let seconds = ConfigurationTime.seconds(word) else {
            throw self.problem("\"\(word)\" is wrong, expected \(expected)")
        }
        return seconds == 0 ? nil : .seconds(seconds)
    }

    /// Bytes, with a unit of 1,024 and its powers as in `512K`, `1.5G`; nil for 0 and `default`.
    mutating func size() throws -> UInt64? {
        let expected = "a size such as 512K, 1.5G or default"
        let word = try self.required(expected)
        if word.asciiLowercased == "default" { return nil }
        guard let size = Self.bytes(word) else { throw self.problem("\"\(word)\" is wrong, expected \(expected)") }
        return size == 0 ? nil : size
    }

    /// nil if the text is no size.
    static func bytes(_ text: String) -> UInt64? {
        var digits = text.utf8[...]
        var unit: UInt64 = 1
        if let last = digits.last, let power = Array("bkmgtpe".utf8).firstIndex(of: last | 0x20), last > 57 {
            unit = 1 << UInt64(power * 10)
            digits.removeLast()
        }
        let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count <= 2, let whole = UInt64(parts[0]), parts[0].utf8.first != UInt8(ascii: "+") else {
            return nil
        }
        let (bytes, tooLarge) = whole.multipliedReportingOverflow(by: unit)
        guard !tooLarge, bytes <= UInt64(Int64.max) else { return nil }
        guard parts.count == 2 else { return bytes }
        // Six digits behind the point are enough for anybody, and cannot overflow together with the largest unit's 2^60.
        guard (1...6).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let fraction = UInt64(parts[1])
        else { return nil }
        let scale = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000][parts[1].utf8.count]
        let (high, low) = fraction.multipliedFullWidth(by: unit)
        guard high < UInt64(scale) else { return nil }
        let part = UInt64(scale).dividingFullWidth((high, low)).quotient
        let (sum, sumTooLarge) = bytes.addingReportingOverflow(part)
        return sumTooLarge || sum > UInt64(Int64.max) ? nil : sum
    }

    /// A list resolved against the names that are implemented; names that are not are left out with a warning.
    mutating func algorithms(
        _ defaults: [String],
        byName: [String] = [],
        wildcards: Bool = false,
        mayLeaveNone: Bool = false
    ) throws -> [String] {
        let text = try self.required("a list of names separated by commas")
        let resolution = try self.locating {
            try AlgorithmList.resolve(
                text,
                defaults: defaults,
                byName: byName,
                wildcards: wildcards,
                mayLeaveNone: mayLeaveNone
            )
        }
        if !resolution.unknown.isEmpty {
            self.warn("not supported and left out: \(resolution.unknown.joined(separator: ","))")
        }
        return resolution.names
    }
}
