import SSHSystem

extension ServerConfiguration {
    /// What the relay will and will not do by this configuration, in a few sentences for `relay -t`.
    public var summary: [String] {
        let settings = self.defaults
        let endpoints = self.listenEndpoints.map { endpoint in
            let host = endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
            return "\(host):\(endpoint.port ?? 0)"
        }
        let unless = self.matchSections.isEmpty ? "" : ", unless a Match block says otherwise"
        var lines = [
            "The relay will listen on \(endpoints.joined(separator: " ")).",
            "It will \(settings.refuseConnection ? "refuse every connection: RefuseConnection is yes" : settings.logins)\(unless). Nobody logs in by password.",
        ]
        if settings.trustedUserCAKeys != nil, !settings.namesPrincipals, settings.pubkeyAuthentication {
            lines.append(
                "A certificate of such an authority logs in to the account that it names: that needs neither a file nor a Unix account."
            )
        }
        lines.append("It will forward \(settings.forwards)\(unless).")
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
}

extension AccountSettings {
    /// How accounts log in.
    fileprivate var logins: String {
        guard self.pubkeyAuthentication else { return "log nobody in: PubkeyAuthentication is no" }
        guard self.authenticationMethods.letsAnybodyIn else {
            return "log nobody in: AuthenticationMethods is \(self.authenticationMethods.text)"
        }
        var sources: [String] = []
        let files = self.authorizedKeysFiles.joined(separator: " ")
        let keys = [files, self.authorizedKeysCommand?.path ?? ""].filter { !$0.isEmpty }
        if !keys.isEmpty { sources.append("public keys from \(keys.joined(separator: " and "))") }
        if let path = self.trustedUserCAKeys {
            let named = [self.authorizedPrincipalsFile, self.authorizedPrincipalsCommand?.path].compactMap(\.self)
            let names = named.isEmpty ? "" : " for whom \(named.joined(separator: " or ")) names"
            sources.append("certificates of the authorities in \(path)\(names)")
        }
        guard !sources.isEmpty else { return "log nobody in: AuthorizedKeysFile is none, and nothing else names keys" }
        return "log accounts in by \(sources.joined(separator: " and "))"
    }

    /// Which of the client's options work.
    fileprivate var forwards: String {
        guard !self.disableForwarding else { return "nothing" }
        let opens = self.allowTCPForwarding.contains(.local) && self.permitOpen != .none
        let listens = self.allowTCPForwarding.contains(.remote) && self.permitListen != .none
        let tcp =
            switch (opens, listens) {
            case (true, true): "-L, -D, -W, -J and -R"
            case (true, false): "-L, -D, -W and -J, but not -R"
            case (false, true): "-R, but not -L, -D, -W or -J"
            case (false, false): "nothing"
            }
        let unix = self.allowStreamLocalForwarding
        let mayUnix =
            unix.contains(.local) && !self.permitStreamLocalOpen.isEmpty
            || unix.contains(.remote) && !self.permitStreamLocalListen.isEmpty
        guard mayUnix else { return tcp }
        return tcp == "nothing" ? "Unix sockets and nothing else" : "\(tcp), and Unix sockets"
    }
}
