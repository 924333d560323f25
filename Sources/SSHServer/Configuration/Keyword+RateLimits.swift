import SSHConfiguration
import SSHForwarding

extension Keyword {
    /// A keyword of ours: how fast the tunnels of an account go.
    static let rateLimits: [Keyword] = [
        .account("RateLimit", \.$rateLimit, format: { $0?.text ?? "none" }) { try $0.rateLimit() }
    ]
}

extension Arguments {
    /// A rate and perhaps a burst, or `none`.
    fileprivate mutating func rateLimit() throws -> RateLimit? {
        var words = [try self.required(RateLimit.expected)]
        if words[0].asciiLowercased == "none" { return nil }
        if let burst = self.next() { words.append(burst) }
        return try self.locating { try RateLimit(words: words) }
    }
}

extension RateLimit {
    fileprivate static let expected = "a rate of at least 1K such as 10M, and perhaps a burst such as 1M"

    /// - Parameter words: bytes per second, and perhaps the burst, each with a unit of 1,024 and its powers.
    init(words: [String]) throws {
        guard (1...2).contains(words.count) else {
            throw InvalidValue("\"\(words.joined(separator: " "))\" is wrong, expected \(Self.expected)")
        }
        let numbers = try words.map { word in
            guard let number = Arguments.bytes(word), number > 0 else {
                throw InvalidValue("\"\(word)\" is wrong, expected \(Self.expected)")
            }
            return number
        }
        guard numbers[0] >= Self.minimum else {
            throw InvalidValue("\"\(words[0])\" is wrong, expected \(Self.expected)")
        }
        self.init(bytesPerSecond: numbers[0], burst: numbers.dropFirst().first)
    }

    /// As `-T` prints it.
    var text: String { "\(self.bytesPerSecond) \(self.burst)" }
}
