import SSHConfiguration
import SSHForwarding

extension Keyword {
    /// Keywords of ours: how much clients may make the relay hold.
    static let room: [Keyword] = [
        .server("MemoryLimit", \.$memoryLimit, format: { "\($0 ?? MemoryOfMachine.budget)" }) { try $0.memoryLimit() },
        .account("MaxChannels", \.$maxChannels, format: { $0.map { "\($0)" } ?? "none" }) { try $0.countOrNone() },
        .account("MaxListeners", \.$maxListeners, format: { $0.map { "\($0)" } ?? "none" }) { try $0.countOrNone() },
    ]
}

extension Arguments {
    private static let leastMemory: UInt64 = 8 * 1024 * 1024

    /// Bytes with a unit, or `auto`.
    fileprivate mutating func memoryLimit() throws -> Int? {
        let expected = "auto, or at least 8M such as 512M or 2G"
        let word = try self.required(expected)
        if word.asciiLowercased == "auto" { return nil }
        guard let bytes = Arguments.bytes(word), bytes >= Self.leastMemory, let limit = Int(exactly: bytes) else {
            throw self.problem("\"\(word)\" is wrong, expected \(expected)")
        }
        return limit
    }

    fileprivate mutating func countOrNone() throws -> Int? {
        let expected = "a number, or none"
        let word = try self.required(expected)
        if word.asciiLowercased == "none" { return nil }
        guard let count = Int(word), (0...Int(Int32.max)).contains(count) else {
            throw self.problem("\"\(word)\" is wrong, expected \(expected)")
        }
        return count
    }
}
