extension ClientConfiguration {
    /// What `-G` prints: ssh's keywords in ssh's order and words, also those that have no meaning here.
    public var printedLines: [String] {
        self.flagLines + self.numberLines + self.textLines + self.forwardLines + self.listLines + self.otherLines
    }

    private var flagLines: [String] {
        [
            ["host \(self.originalHost)", "user \(self.user)", "hostname \(self.hostNameText)", "port \(self.port)"],
            ["addressfamily \(self.addressFamily.rawValue)", "batchmode \(yesNo(self.batchMode))"],
            self.silent("canonicalizefallbacklocal"),
            ["canonicalizehostname \(self.printed.canonicalizeHostname)"],
            self.silent("checkhostip", "compression", "controlmaster", "enablesshkeysign"),
            ["clearallforwardings \(yesNo(self.clearAllForwardings))"],
            ["exitonforwardfailure \(yesNo(self.exitOnForwardFailure))"],
            self.silent("fingerprinthash", "forwardx11", "forwardx11trusted"),
            ["gatewayports \(yesNo(self.gatewayPorts))"],
            self.silent("gssapiauthentication", "gssapikeyexchange", "gssapidelegatecredentials", "gssapitrustdns"),
            self.silent("gssapirenewalforcesrekey", "gssapiclientidentity", "gssapiserveridentity"),
            self.silent("gssapikexalgorithms"),
            ["hashknownhosts \(yesNo(self.hashKnownHosts))"],
            self.silent("hostbasedauthentication"),
            ["identitiesonly \(yesNo(self.identitiesOnly))"],
            self.silent("kbdinteractiveauthentication"),
            ["nohostauthenticationforlocalhost \(yesNo(self.printed.noHostAuthenticationForLocalhost))"],
            self.silent("passwordauthentication", "permitlocalcommand"),
            ["proxyusefdpass \(yesNo(self.printed.proxyUseFdpass))"],
            ["pubkeyauthentication \(self.printed.pubkeyAuthentication)", "requesttty \(self.requestTTYText)"],
            ["sessiontype \(self.sessionType.rawValue)", "stdinnull \(yesNo(self.standardInputIsNull))"],
            ["forkafterauthentication \(yesNo(self.forkAfterAuthentication))"],
            ["streamlocalbindunlink \(yesNo(self.streamLocalBindUnlink))"],
            ["stricthostkeychecking \(self.strictHostKeyCheckingText)"],
            ["tcpkeepalive \(yesNo(self.tcpKeepAlive))"],
            self.silent("tunnel", "verifyhostkeydns", "visualhostkey"),
            ["updatehostkeys \(self.updateHostKeysText)"],
            self.silent("enableescapecommandline", "warnweakcrypto"),
        ].flatMap { $0 }
    }

    private var numberLines: [String] {
        self.silent("canonicalizemaxdots") + ["connectionattempts \(self.connectionAttempts)"]
            + self.silent("forwardx11timeout", "numberofpasswordprompts")
            + [
                "serveralivecountmax \(self.serverAliveCountMax)",
                "serveraliveinterval \(self.serverAliveInterval)",
                "requiredrsasize \(self.requiredRSASize)",
            ] + self.silent("obscurekeystroketiming")
    }

    private var textLines: [String] {
        [
            line("bindaddress", self.bindAddress),
            line("bindinterface", self.bindInterface),
            ["ciphers \(self.ciphers.joined(separator: ","))"],
            self.silent("controlpath"),
            ["hostkeyalgorithms \(self.hostKeyAlgorithms.joined(separator: ","))"],
            line("hostkeyalias", self.hostKeyAlias?.lowercased()),
            self.silent("hostbasedacceptedalgorithms"),
            line("identityagent", self.printed.identityAgent),
            line("ignoreunknown", self.printed.ignoreUnknown),
            self.silent("kbdinteractivedevices"),
            ["kexalgorithms \(self.kexAlgorithms.joined(separator: ","))"],
            ["casignaturealgorithms \(self.caSignatureAlgorithms.joined(separator: ","))"],
            self.silent("localcommand", "remotecommand"),
            ["loglevel \(self.logLevel.rawValue)", "macs \(self.macs.joined(separator: ","))"],
            self.silent("pkcs11provider", "securitykeyprovider"),
            line("preferredauthentications", self.printed.preferredAuthentications),
            ["pubkeyacceptedalgorithms \(self.pubkeyAcceptedAlgorithms.joined(separator: ","))"],
            line("revokedhostkeys", self.revokedHostKeys),
            self.silent("xauthlocation", "knownhostscommand", "tag"),
            line("versionaddendum", self.versionAddendum.isEmpty ? nil : self.versionAddendum),
        ].flatMap { $0 }
    }

    private var forwardLines: [String] {
        self.dynamicForwards.map { "dynamicforward \($0.configurationText)" }
            + self.localForwards.map { "localforward \($0.configurationText)" }
            + self.remoteForwards.map {
                "remoteforward \($0.configurationText)" + ($0.target == .socks ? " [socks]:0" : "")
            }
    }

    /// ssh's default identities; those that cannot be used here are named only when a login fails.
    private static let defaultIdentities = [
        "id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk",
    ].map { "~/.ssh/\($0)" }

    private var listLines: [String] {
        let identities = self.printed.identityFiles
        return [
            (identities.isEmpty ? Self.defaultIdentities : identities).map { "identityfile \($0)" },
            self.silent("canonicaldomains"),
            self.printed.certificateFiles.map { "certificatefile \($0)" },
            ["globalknownhostsfile \(fileList(self.globalKnownHostsFiles))"],
            ["userknownhostsfile \(fileList(self.userKnownHostsFiles))"],
            self.silent("sendenv", "setenv", "logverbose", "channeltimeout"),
        ].flatMap { $0 }
    }

    private var otherLines: [String] {
        [
            ["permitremoteopen \(self.permitRemoteOpen)"],
            self.silent("addkeystoagent", "forwardagent"),
            ["connecttimeout \(self.connectTimeout.map(String.init) ?? "none")"],
            self.silent("tunneldevice"),
            // The capital letter is ssh's.
            (self.printed.silent["canonicalizepermittedcnames"] ?? ["none"]).map {
                "canonicalizePermittedcnames \($0)"
            },
            self.silent("controlpersist", "escapechar", "ipqos"),
            ["rekeylimit \(self.rekeyLimit.bytes ?? 0) \(self.rekeyLimit.seconds ?? 0)"],
            ["streamlocalbindmask 0\(String(self.streamLocalBindMask, radix: 8))"],
            self.silent("syslogfacility"),
            self.proxyLines,
            line("relaymode", self.printed.relayMode?.rawValue),
            line("proxy", self.proxySetting?.words),
            line("reconnect", self.printed.reconnect.map(yesNo)),
            line("reconnecthold", self.printed.reconnectHold.map(String.init)),
        ].flatMap { $0 }
    }

    private var hostNameText: String {
        let names = self.relayNames
        return names.count > 1 ? names.map(\.word).joined(separator: " ") : self.hostName
    }

    private var proxyLines: [String] {
        switch self.proxy {
        case .direct: return []
        case .command(let command): return ["proxycommand \(command)"]
        case .jump(let hosts):
            // ssh prints the last one as it holds it, with addresses in brackets, and the others as they are written.
            let earlier = hosts.dropLast().map(\.description)
            let last = hosts.last.map { hop in
                let isNumeric =
                    hop.host.utf8.contains(UInt8(ascii: ":")) || hop.host.allSatisfy { "0123456789.".contains($0) }
                let host = isNumeric ? "[\(hop.host)]" : hop.host
                return (hop.user.map { $0 + "@" } ?? "") + host + (hop.port.map { ":\($0)" } ?? "")
            }
            return ["proxyjump \((earlier + [last].compactMap { $0 }).joined(separator: ","))"]
        }
    }

    private func silent(_ keys: String...) -> [String] {
        keys.flatMap { key in
            (self.printed.silent[key] ?? SilentKeyword.byKey[key]?.defaults ?? []).map { "\(key) \($0)" }
        }
    }

    // ssh prints these as it holds them, not as they are written.
    private var requestTTYText: String {
        switch self.requestTTY {
        case .yes: "true"
        case .no: "false"
        case .auto, .force: self.requestTTY.rawValue
        }
    }

    private var updateHostKeysText: String {
        switch self.updateHostKeys {
        case .yes: "true"
        case .no: "false"
        case .ask: "ask"
        }
    }

    private var strictHostKeyCheckingText: String {
        switch self.strictHostKeyChecking {
        case .yes: "true"
        case .no: "false"
        case .ask, .acceptNew: self.strictHostKeyChecking.rawValue
        }
    }
}

private func line(_ key: String, _ value: String?) -> [String] {
    value.map { ["\(key) \($0)"] } ?? []
}

private func fileList(_ files: [String]) -> String {
    files.isEmpty ? "none" : files.joined(separator: " ")
}

private func yesNo(_ value: Bool) -> String { value ? "yes" : "no" }

extension PermitRemoteOpen: CustomStringConvertible {
    public var description: String {
        switch self {
        case .any: "any"
        case .none: "none"
        case .targets(let targets):
            targets.map { target in
                let host = target.host.utf8.contains(UInt8(ascii: ":")) ? "[\(target.host)]" : target.host
                return "\(host):\(target.port.map(String.init) ?? "*")"
            }.joined(separator: " ")
        }
    }
}
