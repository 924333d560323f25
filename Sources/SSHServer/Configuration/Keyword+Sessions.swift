import SSHConfiguration

extension Keyword {
    /// Sessions, on a host that runs nothing.
    static let sessions: [Keyword] = [
        .account("ForceCommand", \.$forceCommand, format: { $0 ?? "none" }, parse: { try $0.forcedCommand() })
    ]
}

extension Arguments {
    /// The rest of the line as it stands there; nil for `none`.
    fileprivate mutating func forcedCommand() throws -> String? {
        let text = try self.takeCommandLine("a command or none")
        guard text.asciiLowercased != "none" else { return nil }
        self.warn("the relay runs nothing: a session is shown the command")
        return text
    }
}
