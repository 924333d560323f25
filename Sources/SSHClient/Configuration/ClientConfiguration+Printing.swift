extension ClientConfiguration {
    /// What `-G` prints: one line per keyword, in ssh's form.
    public var printedLines: [String] {
        var lines = [
            "host \(self.originalHost)",
            "user \(self.user)",
            "hostname \(self.hostName)",
            "port \(self.port)",
            "addressfamily \(self.addressFamily.rawValue)",
            "batchmode \(yesNo(self.batchMode))",
            "clearallforwardings \(yesNo(self.clearAllForwardings))",
            "exitonforwardfailure \(yesNo(self.exitOnForwardFailure))",
            "gatewayports \(yesNo(self.gatewayPorts))",
            "hashknownhosts \(yesNo(self.hashKnownHosts))",
            "identitiesonly \(yesNo(self.identitiesOnly))",
            "pubkeyauthentication \(self.pubkeyAuthentication)",
            "requesttty \(self.requestTTYText)",
            "sessiontype \(self.sessionType.rawValue)",
            "stdinnull \(yesNo(self.standardInputIsNull))",
            "forkafterauthentication \(yesNo(self.forkAfterAuthentication))",
            "streamlocalbindunlink \(yesNo(self.streamLocalBindUnlink))",
            "stricthostkeychecking \(self.strictHostKeyCheckingText)",
            "updatehostkeys \(self.updateHostKeysText)",
            "tcpkeepalive \(yesNo(self.tcpKeepAlive))",
            "connectionattempts \(self.connectionAttempts)",
            "serveralivecountmax \(self.serverAliveCountMax)",
            "serveraliveinterval \(self.serverAliveInterval)",
            "requiredrsasize \(self.requiredRSASize)",
            "ciphers \(self.ciphers.joined(separator: ","))",
            "hostkeyalgorithms \(self.hostKeyAlgorithms.joined(separator: ","))",
        ]
        if let alias = self.hostKeyAlias { lines.append("hostkeyalias \(alias)") }
        if let address = self.bindAddress { lines.append("bindaddress \(address)") }
        lines += [
            "casignaturealgorithms \(self.caSignatureAlgorithms.joined(separator: ","))",
            "kexalgorithms \(self.kexAlgorithms.joined(separator: ","))",
            "loglevel \(self.logLevel.rawValue)",
            "macs \(self.macs.joined(separator: ","))",
            "pubkeyacceptedalgorithms \(self.pubkeyAcceptedAlgorithms.joined(separator: ","))",
        ]
        lines += self.dynamicForwards.map { "dynamicforward \($0.configurationText)" }
        lines += self.localForwards.map { "localforward \($0.configurationText)" }
        lines += self.remoteForwards.map {
            "remoteforward \($0.configurationText)" + ($0.target == .socks ? " [socks]:0" : "")
        }
        lines += self.identityFiles.map { "identityfile \($0)" }
        lines += self.certificateFiles.map { "certificatefile \($0)" }
        lines += [
            "globalknownhostsfile \(fileList(self.globalKnownHostsFiles))",
            "userknownhostsfile \(fileList(self.userKnownHostsFiles))",
            "permitremoteopen \(self.permitRemoteOpen)",
            "connecttimeout \(self.connectTimeout.map(String.init) ?? "none")",
            "rekeylimit \(self.rekeyLimit.bytes ?? 0) \(self.rekeyLimit.seconds ?? 0)",
            "streamlocalbindmask 0\(String(self.streamLocalBindMask, radix: 8))",
        ]
        switch self.proxy {
        case .direct: break
        case .command(let command): lines.append("proxycommand \(command)")
        case .jump(let hosts): lines.append("proxyjump \(hosts.map(\.description).joined(separator: ","))")
        }
        return lines
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
