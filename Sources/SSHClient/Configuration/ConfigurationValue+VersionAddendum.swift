import SSHProtocol

extension ConfigurationValue {
    /// The rest of the line, or an empty text for `none`.
    static func versionAddendum(_ line: inout ConfigurationLine) throws -> String {
        let text = try line.remaining().joined(separator: " ")
        if text.lowercased() == "none" { return "" }
        let limit = EngineConfiguration(role: .client).versionAddendumLimit
        guard EngineConfiguration.isVersionText(text), text.utf8.count <= limit else {
            throw line.failure("VersionAddendum must be none, or up to \(limit) characters of printable ASCII")
        }
        return text
    }
}
