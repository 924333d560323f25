extension ServerConfiguration {
    /// What the relay will and will not do by this configuration, in a few sentences for `relay -t`.
    public var summary: [String] {
        let settings = self.defaults
        let endpoints = self.listenEndpoints.map { endpoint in
            let host = endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
            return "\(host):\(endpoint.port ?? 0)"
        }
        let files =
            settings.authorizedKeysFiles.isEmpty ? "no file" : settings.authorizedKeysFiles.joined(separator: " ")
        let command = settings.authorizedKeysCommand.map { " and \($0.path)" } ?? ""
        var lines = [
            "The relay will listen on \(endpoints.joined(separator: " ")).",
            "It will log accounts in by public keys from \(files)\(command)\(self.authorities(settings)); never by password.",
        ]
        let forwards =
            switch settings.disableForwarding ? [] : settings.allowTCPForwarding {
            case .all: "-L, -D, -W, -J and -R"
            case .local: "-L, -D, -W and -J, but not -R"
            case .remote: "-R, but not -L, -D, -W or -J"
            default: "nothing"
            }
        let blocks = self.matchSections.isEmpty ? "" : ", unless a Match block says otherwise"
        lines.append("It will forward \(forwards)\(blocks).")
        lines.append(
            "It gives no shell, no command, no file transfer, no X11, no agent: sessions are told so, and end."
        )
        if self.asksForGroups {
            lines.append(
                "For rules about groups, an account that is no Unix account is in no group that a name or pattern names, and in one that * matches."
            )
        }
        return lines.map(\.escapedForLog)
    }

    private func authorities(_ settings: AccountSettings) -> String {
        guard let path = settings.trustedUserCAKeys else { return "" }
        let names = settings.authorizedPrincipalsCommand.map { " for whom \($0.path) names" } ?? ""
        return " and certificates of the authorities in \(path)\(names)"
    }
}
