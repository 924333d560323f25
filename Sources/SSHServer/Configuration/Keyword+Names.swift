import SSHConfiguration

extension Keyword {
    /// Keywords of ours: devices that are reached by name, and who reaches those that have a port.
    static let names: [Keyword] = [
        .account("Names", \.$names, format: \.text) { try $0.deviceNames() },
        .account("PermitCallers", \.$permitCallers, format: { $0?.text ?? "any" }) { arguments in
            let word = try arguments.required("any, or addresses and ranges")
            if word.asciiLowercased == "any" { return nil }
            let rule = arguments.rule
            return try arguments.locating { try CallerList(word, rule: rule) }
        },
    ]
}

extension Arguments {
    /// Patterns separated by commas, or `none`.
    fileprivate mutating func deviceNames() throws -> DeviceNames {
        let expected = "none, or patterns of names such as *,!*.*"
        let word = try self.required(expected)
        if word.asciiLowercased == "none" { return .none }
        let patterns = word.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard patterns.contains(where: { $0.first != UInt8(ascii: "!") }),
            !patterns.contains(where: { $0.isEmpty || $0.elementsEqual("!".utf8) })
        else { throw self.problem("\"\(word)\" is wrong, expected \(expected)") }
        return DeviceNames(word)
    }
}
