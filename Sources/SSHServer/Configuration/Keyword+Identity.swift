import SSHConfiguration
import SSHProtocol

extension Keyword {
    /// Keywords about who the relay is, what it says before a login, and how clients are named.
    static let identity: [Keyword] = [
        .server("HostKeyAgent", \.$hostKeyAgent, format: { $0 ?? "none" }) { try $0.pathOrNone() },
        .serverList("HostCertificate", \.$hostCertificateFiles, format: \.self) {
            try $0.pathOrNone().map { [$0] } ?? []
        },
        .server("VersionAddendum", \.$versionAddendum, format: { $0.isEmpty ? "none" : $0 }) {
            try $0.versionAddendum()
        },
        .server("UseDNS", \.$useDNS, format: Self.text) { try $0.flag() },
        .account("Banner", \.$banner, format: { $0 ?? "none" }) { try $0.pathOrNone() },
    ]
}

extension Arguments {
    /// The rest of the line, or an empty text for `none`.
    mutating func versionAddendum() throws -> String {
        let limit = EngineConfiguration(role: .server).versionAddendumLimit
        let expected = "none, or up to \(limit) characters of printable ASCII"
        let text = try self.takeText(expected)
        if text.asciiLowercased == "none" { return "" }
        guard EngineConfiguration.isVersionText(text), text.utf8.count <= limit else {
            throw self.problem("\"\(text)\" is wrong, expected \(expected)")
        }
        return text
    }
}
