import SSHWire

/// Turns what was said into what holds: ssh's defaults, tokens, algorithm lists.
struct OptionsCompletion {
    private var options: ConfigurationOptions
    let originalHost: String
    let environment: LocalEnvironment
    let algorithms: ClientAlgorithms

    init(
        options: ConfigurationOptions,
        originalHost: String,
        environment: LocalEnvironment,
        algorithms: ClientAlgorithms
    ) {
        self.options = options
        self.originalHost = originalHost
        self.environment = environment
        self.algorithms = algorithms
    }

    /// - Parameter relay: which of the host's names it is for.
    func configuration(at relay: RelayName, of all: [RelayName]) throws -> ClientConfiguration {
        var completion = self
        completion.options.hostName = (relay.isService ? relay.word : relay.host).replacing("%", with: "%%")
        completion.options.port = relay.port ?? self.options.port
        try completion.expandUser()
        var configuration = try completion.complete()
        configuration.relays = Relays(names: all, completion: self)
        return configuration
    }

    /// User of the files takes all tokens but those that it is part of.
    private mutating func expandUser() throws {
        guard let written = self.options.user, !self.options.userIsLiteral else { return }
        let hostName = try ClientConfiguration.hostName(self.options, originalHost: self.originalHost, self.environment)
        let expansion = TokenExpansion(
            self.options,
            originalHost: self.originalHost,
            hostName: hostName,
            self.environment
        )
        let percent = try expansion.percent(written, allowed: TokenExpansion.userTokens)
        let user = try TokenExpansion.variables(percent, in: self.environment)
        if user != written { try NameRules.check(user: user) }
        self.options.user = user
    }

    private func complete() throws -> ClientConfiguration {
        let options = self.options
        let hostName = try ClientConfiguration.hostName(options, originalHost: self.originalHost, self.environment)
        let port = options.port ?? 22
        let user = options.user ?? self.environment.userName
        let expansion = TokenExpansion(options, originalHost: self.originalHost, hostName: hostName, self.environment)
        let lists = try self.algorithmLists()
        // `-W` alone means this one forward and nothing else.
        let isStandardInputForward = options.standardInputForward != nil
        let clears = options.clearAllForwardings ?? isStandardInputForward
        let attempts = options.connectionAttempts ?? 1
        let reconnect = self.reconnects && !isStandardInputForward
        guard attempts > 0 else { throw SSHError(.invalidConfiguration, "Invalid number of ConnectionAttempts") }
        return ClientConfiguration(
            originalHost: self.originalHost,
            hostName: hostName,
            relays: nil,
            relayMode: options.relayMode ?? .failover,
            port: port,
            user: user,
            addressFamily: options.addressFamily ?? .any,
            bindAddress: options.bindAddress,
            bindInterface: options.bindInterface,
            proxy: try self.proxy(expansion),
            proxySetting: options.proxySetting,
            connectTimeout: options.connectTimeout ?? nil,
            connectionAttempts: attempts,
            versionAddendum: options.versionAddendum ?? "",
            refuseConnection: options.refuseConnection,
            tcpKeepAlive: options.tcpKeepAlive ?? true,
            // A way that has gone dead in silence is given up within twelve seconds where another connection follows.
            serverAliveInterval: options.serverAliveInterval ?? (reconnect ? 4 : 15),
            serverAliveCountMax: options.serverAliveCountMax ?? (reconnect ? 2 : 3),
            rekeyLimit: options.rekeyLimit ?? ClientRekeyLimit(),
            identityFiles: try self.identityFiles(expansion),
            identityFilesAreConfigured: !options.identityFiles.isEmpty,
            certificateFiles: try options.certificateFiles.map(expansion.path),
            identitiesOnly: options.identitiesOnly ?? false,
            identityAgent: try self.identityAgent(expansion),
            pubkeyAuthentication: self.triesPublicKeys,
            batchMode: options.batchMode ?? false,
            hostKeyAlias: options.hostKeyAlias,
            userKnownHostsFiles: try (options.userKnownHostsFiles ?? ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"])
                .map(expansion.path),
            globalKnownHostsFiles: try
                (options.globalKnownHostsFiles ?? ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"])
                .map(self.environment.expandingTilde),
            revokedHostKeys: try options.revokedHostKeys.flatMap { $0 == "none" ? nil : try expansion.path($0) },
            caSignatureAlgorithms: lists.caSignatureAlgorithms,
            strictHostKeyChecking: options.strictHostKeyChecking ?? .ask,
            hashKnownHosts: options.hashKnownHosts ?? false,
            // Who chose a file of their own may not want it written to.
            updateHostKeys: options.updateHostKeys ?? (self.mayUpdateHostKeys ? .yes : .no),
            requiredRSASize: options.requiredRSASize ?? 2048,
            localForwards: clears ? [] : try options.localForwards.map { try self.expandingPaths($0, expansion) },
            remoteForwards: clears ? [] : try options.remoteForwards.map { try self.expandingPaths($0, expansion) },
            dynamicForwards: clears ? [] : try options.dynamicForwards.map { try self.expandingPaths($0, expansion) },
            standardInputForward: options.standardInputForward,
            gatewayPorts: options.gatewayPorts ?? false,
            exitOnForwardFailure: options.exitOnForwardFailure ?? isStandardInputForward,
            clearAllForwardings: clears,
            permitRemoteOpen: options.permitRemoteOpen ?? .any,
            streamLocalBindMask: options.streamLocalBindMask ?? 0o177,
            streamLocalBindUnlink: options.streamLocalBindUnlink ?? false,
            ciphers: lists.ciphers,
            macs: lists.macs,
            kexAlgorithms: lists.kexAlgorithms,
            hostKeyAlgorithms: lists.hostKeyAlgorithms,
            hostKeyAlgorithmsFollowKnownHosts: options.hostKeyAlgorithms?.leavesOrderOpen ?? true,
            pubkeyAcceptedAlgorithms: lists.pubkeyAcceptedAlgorithms,
            logLevel: options.logLevel ?? .info,
            sessionType: options.sessionType ?? .default,
            requestTTY: options.requestTTY ?? .auto,
            standardInputIsNull: options.standardInputIsNull ?? options.forkAfterAuthentication ?? false,
            forkAfterAuthentication: options.forkAfterAuthentication ?? false,
            reconnect: reconnect,
            reconnectHold: options.reconnectHold ?? 15,
            warnings: lists.warnings + self.unusedWarnings(),
            printed: try self.printed(expansion)
        )
    }

    /// What is started at boot and only forwards is meant to stay.
    private var reconnects: Bool {
        self.options.reconnect ?? (self.environment.isService && self.options.sessionType == SessionType.none)
    }

    private var mayUpdateHostKeys: Bool {
        self.options.userKnownHostsFiles == nil && self.options.silent["verifyhostkeydns"] ?? ["false"] == ["false"]
    }

    /// There is no other way to log in here, so that the order of PreferredAuthentications has no meaning.
    private var triesPublicKeys: Bool {
        guard self.options.pubkeyAuthentication != "false" else { return false }
        guard let preferred = self.options.preferredAuthentications else { return true }
        return preferred.split(separator: ",").contains("publickey")
    }

    private func printed(_ expansion: TokenExpansion) throws -> PrintedOptions {
        let options = self.options
        var silent = options.silent
        for (key, keyword) in SilentKeyword.byKey where silent[key]?.map({ $0.lowercased() }) == ["none"] {
            silent[key] = keyword.defaults == ["none"] ? ["none"] : []
        }
        silent["escapechar"] = options.silent["escapechar"]
        silent["controlpath"] = try silent["controlpath"]?.map(expansion.path)
        silent["remotecommand"] = try silent["remotecommand"]?.map {
            try expansion.percent($0, allowed: TokenExpansion.pathTokens)
        }
        let agent = try options.identityAgent.map { agent in
            let isName = agent == "none" || agent == "SSH_AUTH_SOCK" || agent.first == "$" && !agent.hasPrefix("${")
            return isName ? agent : try expansion.path(agent)
        }
        return PrintedOptions(
            silent: silent,
            missed: options.missed,
            identityFiles: options.identityFiles,
            certificateFiles: options.certificateFiles,
            identityAgent: agent,
            ignoreUnknown: options.ignoreUnknown,
            canonicalizeHostname: options.canonicalizeHostname ?? "false",
            noHostAuthenticationForLocalhost: options.noHostAuthenticationForLocalhost ?? false,
            proxyUseFdpass: options.proxyUseFdpass ?? false,
            pubkeyAuthentication: options.pubkeyAuthentication ?? "true",
            preferredAuthentications: options.preferredAuthentications,
            reconnect: options.reconnect,
            reconnectHold: options.reconnectHold,
            relayMode: options.relayMode
        )
    }

    /// Who asks for these expects to be logged in by them, or to be connected in another way or to another host.
    private func unusedWarnings() -> [String] {
        let options = self.options
        let isAskedFor = [
            ("CertificateFile", !options.certificateFiles.isEmpty),
            ("IdentityAgent", options.identityAgent.map { $0.lowercased() != "none" }),
            ("CanonicalizeHostname", options.canonicalizeHostname.map { $0 != "false" }),
            ("ProxyUseFdpass", options.proxyUseFdpass),
            ("NoHostAuthenticationForLocalhost", options.noHostAuthenticationForLocalhost),
        ]
        return isAskedFor.filter { $0.1 == true }.map { "\($0.0) is not supported and is ignored" }
    }

    private func proxy(_ expansion: TokenExpansion) throws -> ProxyMethod {
        switch self.options.proxy {
        case nil, .direct: return .direct
        case .command(let command):
            return .command(try expansion.shellCommand(command, allowed: TokenExpansion.proxyTokens))
        case .jump(let hosts):
            let expanded = try hosts.map { hop in
                var hop = hop
                hop.host = try expansion.percent(hop.host, allowed: TokenExpansion.proxyTokens)
                hop.user = try hop.user.map { try expansion.percent($0, allowed: TokenExpansion.proxyTokens) }
                try NameRules.check(host: hop.host, user: hop.user)
                return hop
            }
            return .jump(expanded)
        }
    }

    private func identityFiles(_ expansion: TokenExpansion) throws -> [String] {
        guard !self.options.identityFiles.isEmpty else { return ["\(self.environment.homeDirectory)/.ssh/id_ed25519"] }
        return try self.options.identityFiles.filter { $0.lowercased() != "none" }.map(expansion.path)
    }

    private func identityAgent(_ expansion: TokenExpansion) throws -> IdentityAgent {
        let variable: String
        switch self.options.identityAgent {
        case "none": return .none
        case nil, "SSH_AUTH_SOCK": variable = "SSH_AUTH_SOCK"
        case .some(let text) where text.first == "$" && !text.hasPrefix("${"): variable = String(text.dropFirst())
        case .some(let path): return .socket(try expansion.path(path))
        }
        guard let path = self.environment.variable(variable), !path.isEmpty else { return .none }
        return .socket(path)
    }

    /// Unix sockets' paths take tokens; hosts and ports do not.
    private func expandingPaths(
        _ forward: ForwardSpecification,
        _ expansion: TokenExpansion
    ) throws -> ForwardSpecification {
        var listen = forward.listen
        var target = forward.target
        if case .path(let path) = listen {
            listen = .path(try expansion.percent(path, allowed: TokenExpansion.pathTokens))
        }
        if case .path(let path) = target {
            target = .path(try expansion.percent(path, allowed: TokenExpansion.pathTokens))
        }
        return ForwardSpecification(listen: listen, target: target)
    }

    private struct AlgorithmLists {
        var ciphers: [String] = []
        var macs: [String] = []
        var kexAlgorithms: [String] = []
        var hostKeyAlgorithms: [String] = []
        var pubkeyAcceptedAlgorithms: [String] = []
        var caSignatureAlgorithms: [String] = []
        var warnings: [String] = []
    }

    private func algorithmLists() throws -> AlgorithmLists {
        var lists = AlgorithmLists()
        func resolve(
            _ keyword: String,
            _ wanted: AlgorithmSpecification?,
            _ defaults: [String],
            byName: [String] = []
        ) throws -> [String] {
            guard let wanted else { return defaults }
            do {
                let (names, unsupported) = try wanted.resolve(defaults: defaults, supported: defaults + byName)
                if !unsupported.isEmpty {
                    lists.warnings.append("\(keyword): not supported: \(unsupported.joined(separator: ","))")
                }
                return names
            } catch let error as SSHError {
                throw SSHError(.invalidConfiguration, "\(keyword): \(error.reason)")
            }
        }
        lists.ciphers = try resolve("Ciphers", self.options.ciphers, self.algorithms.ciphers)
        lists.macs = try resolve("MACs", self.options.macs, self.algorithms.macs)
        lists.kexAlgorithms = try resolve(
            "KexAlgorithms",
            self.options.kexAlgorithms,
            self.algorithms.kexAlgorithms,
            byName: self.algorithms.kexAlgorithmsByName
        )
        lists.hostKeyAlgorithms = try resolve(
            "HostKeyAlgorithms",
            self.options.hostKeyAlgorithms,
            self.algorithms.hostKeyAlgorithms
        )
        lists.pubkeyAcceptedAlgorithms = try resolve(
            "PubkeyAcceptedAlgorithms",
            self.options.pubkeyAcceptedAlgorithms,
            self.algorithms.pubkeyAcceptedAlgorithms
        )
        // Who signs for users' keys signs for hosts', with the same algorithms.
        lists.caSignatureAlgorithms = try resolve(
            "CASignatureAlgorithms",
            self.options.caSignatureAlgorithms,
            self.algorithms.pubkeyAcceptedAlgorithms.filter { !$0.contains("-cert-v0") }
        )
        return lists
    }
}

extension AlgorithmSpecification {
    /// `+` and `-` say nothing about the order, so known_hosts may.
    var leavesOrderOpen: Bool { self.change == .append || self.change == .remove }
}
