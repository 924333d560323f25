extension Keyword {
    /// Sessions, on a host that runs nothing.
    static let sessions: [Keyword] = [
        .account("ForceCommand", \.$forceCommand, format: { $0 ?? "none" }, parse: { try $0.forcedCommand() })
    ]
}

extension Arguments {
    /// The rest of the line; nil for `none`.
    fileprivate mutating func forcedCommand() throws -> String? {
        let text = try self.remaining("a command or none").joined(separator: " ")
        guard text.lowercased() != "none" else { return nil }
        self.warn("the relay runs nothing: a session is shown the command")
        return text
    }
}
