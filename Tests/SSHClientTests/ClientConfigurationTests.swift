import Glibc
import SSHClient
import SSHWire
import Testing

@Suite struct ClientConfigurationTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
        try self.folder.makeFolder(".ssh")
    }

    private func load(
        _ arguments: [String],
        variables: [String: String] = [:],
        isService: Bool = false,
        matchExecutor: ((String) throws -> Bool)? = nil
    ) throws -> ClientConfiguration {
        var environment = self.folder.environment()
        environment.variable = { variables[$0] }
        environment.isService = isService
        guard case .connect(let line) = try ClientCommandLine.parse(arguments, environment: environment) else {
            throw UnexpectedRequest()
        }
        return try ClientConfiguration.load(
            line,
            environment: environment,
            algorithms: testAlgorithms,
            matchExecutor: matchExecutor
        )
    }

    private func load(file text: String, _ arguments: String...) throws -> ClientConfiguration {
        let path = try self.folder.write("config", text)
        return try self.load(["-F", path] + (arguments.isEmpty ? ["host"] : arguments))
    }

    private func failure(file text: String) throws -> String {
        let error = try #require(throws: SSHError.self) { try self.load(file: text) }
        #expect(error.code == .invalidConfiguration)
        return error.reason.replacing(self.folder.path + "/", with: "")
    }

    @Test func withoutAnyFileTheDefaultsHold() throws {
        let configuration = try self.load(["Host.Example"])
        #expect(configuration.hostName == "host.example")
        #expect(configuration.originalHost == "Host.Example")
        #expect(configuration.port == 22)
        #expect(configuration.user == "me")
        #expect(configuration.serverAliveInterval == 15)
        #expect(configuration.serverAliveCountMax == 3)
        #expect(configuration.strictHostKeyChecking == .ask)
        #expect(configuration.exitOnForwardFailure == false)
        #expect(configuration.identityFiles == ["\(self.folder.path)/.ssh/id_ed25519"])
        #expect(!configuration.identityFilesAreConfigured)
        #expect(configuration.userKnownHostsFiles.first == "\(self.folder.path)/.ssh/known_hosts")
        #expect(configuration.ciphers == testAlgorithms.ciphers)
        #expect(configuration.hostKeyAlgorithmsFollowKnownHosts)
        #expect(configuration.proxy == .direct)
        #expect(configuration.identityAgent == IdentityAgent.none)
        #expect(configuration.warnings == [])
    }

    @Test func aServiceThatOnlyForwardsReconnectsAndNoticesADeadPathSooner() throws {
        let service = try self.load(["-N", "host"], isService: true)
        #expect(service.reconnect)
        #expect(service.reconnectHold == 15)
        #expect(service.serverAliveInterval == 4)
        #expect(service.serverAliveCountMax == 2)
        #expect(try !self.load(["-N", "host"]).reconnect)
        #expect(try !self.load(["-W", "a:1", "host"], isService: true).reconnect)
        #expect(try !self.load(["-W", "a:1", "-o", "Reconnect=yes", "host"]).reconnect)
        #expect(try !self.load(["-N", "-o", "Reconnect=no", "host"], isService: true).reconnect)
        let asked = try self.load(["-o", "Reconnect=yes", "-o", "ServerAliveInterval=60", "host"])
        #expect(asked.reconnect)
        #expect(asked.serverAliveInterval == 60)
    }

    @Test func whatIsOursIsPrintedOnlyWhereItWasSet() throws {
        let ours = { (lines: [String]) in lines.filter { $0.hasPrefix("reconnect") } }
        #expect(ours(try self.load(["-N", "host"], isService: true).printedLines) == [])
        let set = try self.load(file: "Reconnect yes\nReconnectHold 1m\n").printedLines
        #expect(ours(set) == ["reconnect yes", "reconnecthold 60"])
    }

    @Test func theCommandLineComesFirstThenTheUsersFileThenTheSystems() throws {
        try self.folder.write(".ssh/config", "Port 2\nUser two\nLocalForward 2 a:2\n")
        try self.folder.write("ssh_config", "Port 3\nUser three\nHashKnownHosts yes\nLocalForward 3 a:3\n", mode: 0o644)
        let configuration = try self.load(["-p", "1", "-L", "1:a:1", "host"])
        #expect(configuration.port == 1)
        #expect(configuration.user == "two")
        #expect(configuration.hashKnownHosts)
        #expect(configuration.localForwards.map(\.description) == ["1:a:1", "2:a:2", "3:a:3"])
    }

    @Test func aFileGivenWithFReplacesBoth() throws {
        try self.folder.write(".ssh/config", "Port 2\n")
        try self.folder.write("ssh_config", "User three\n")
        let other = try self.folder.write("other", "BatchMode yes\n")
        let configuration = try self.load(["-F", other, "host"])
        #expect(configuration.port == 22)
        #expect(configuration.user == "me")
        #expect(configuration.batchMode)
        #expect(try self.load(["-F", "none", "host"]).port == 22)
        #expect(throws: SSHError.self) { try self.load(["-F", other + ".missing", "host"]) }
    }

    @Test func aUsersFileThatOthersCanWriteIsRefused() throws {
        let path = try self.folder.write(".ssh/config", "Port 2\n", mode: 0o622)
        let error = try #require(throws: SSHError.self) { try self.load(["host"]) }
        #expect(error.reason == "Bad owner or permissions on \(path)")
    }

    @Test(arguments: [
        ("\nFoo bar\n", "config line 2: Bad configuration option: foo"),
        ("Host other\nFoo bar\n", "config line 2: Bad configuration option: foo"),
        ("Host other\nPort x\n", "config line 2: Bad port 'x'."),
        ("Port 1 2", "config line 1: keyword port extra arguments at end of line"),
        ("User \"x", "config line 1: invalid quotes"),
        ("User a\0b", "config line 1: a NUL byte"),
        ("LocalForward 80", "config line 1: Missing target argument."),
        ("LocalForward 80 x", "config line 1: Bad forwarding specification '80:x'."),
        ("Match exec true\n", "config line 1: Match exec is not supported"),
        ("Match foo x\n", "config line 1: Bad Match condition: Unsupported Match attribute foo"),
        ("RekeyLimit 18446744073709551615G", "config line 1: Bad number '18446744073709551615G'"),
        ("ConnectTimeout 99999999999999w", "config line 1: invalid time value."),
        ("ConnectTimeout 4294967296", "config line 1: invalid time value."),
        ("ConnectionAttempts 4294967296", "config line 1: integer value invalid: '4294967296'"),
        ("Ciphers none-such", "Ciphers: none of the algorithms in 'none-such' is supported"),
        ("Ciphers a,,b", "config line 1: Bad algorithm list 'a,,b'."),
        ("User -x\nProxyCommand x %r", "remote username contains invalid characters"),
        ("HostName a;b\nProxyCommand x %h", "hostname contains invalid characters"),
    ])
    func errorsNameFileLineAndReason(text: String, reason: String) throws {
        #expect(try self.failure(file: text) == reason)
    }

    @Test func keywordsWithoutMeaningAreSilentAndMissingOnesWarn() throws {
        let configuration = try self.load(
            file: "ForwardX11 yes\nSendEnv LANG\nHost other\nTunnel yes\nHost *\nRemoteCommand a b c\n"
        )
        #expect(configuration.warnings.count == 1)
        #expect(
            configuration.warnings.first?.hasSuffix("config line 6: RemoteCommand is not supported and has no effect")
                == true
        )
    }

    @Test func includedFilesCountInPlaceAndTheirBlocksEndWithThem() throws {
        try self.folder.write(".ssh/b.conf", "Port 2\nHost nothing\nUser x\n")
        try self.folder.write(".ssh/a.conf", "Port 1\n")
        let configuration = try self.load(file: "Include ?.conf\nUser y\nPort 9\n")
        #expect(configuration.port == 1)
        #expect(configuration.user == "y")
    }

    @Test func foldersAmongTheIncludedFilesArePassedOver() throws {
        try self.folder.makeFolder("sub")
        #expect(try self.load(file: "Include \(self.folder.path)/s*\nPort 7\n").port == 7)
    }

    @Test func anIncludeInABlockThatDoesNotMatchNeverMatches() throws {
        try self.folder.write(".ssh/a.conf", "Port 1\nHost *\nUser x\nMatch all\nBatchMode yes\n")
        let configuration = try self.load(file: "Host other\nInclude a.conf\nHost *\nPort 2\n")
        #expect(configuration.port == 2)
        #expect(configuration.user == "me")
        #expect(!configuration.batchMode)
    }

    @Test func aFileThatIncludesItselfIsAnError() throws {
        try self.folder.write(".ssh/loop.conf", "Include loop.conf\n")
        #expect(try self.failure(file: "Include loop.conf\n").contains("Too many recursive"))
    }

    @Test func anIncludedFileThatOthersCanWriteIsRefused() throws {
        try self.folder.write(".ssh/a.conf", "Port 1\n", mode: 0o666)
        #expect(try self.failure(file: "Include a.conf\n").hasPrefix("Bad owner or permissions"))
    }

    @Test func matchExecRunsItsCommandOnlyWhenTheRestHolds() throws {
        let path = try self.folder.write(
            "config",
            "Match host other exec one\nPort 1\nMatch host host exec \"two 2\"\nPort 2\nMatch !exec three\nPort 3\n"
        )
        var commands: [String] = []
        let configuration = try self.load(["-F", path, "host"]) { command in
            commands.append(command)
            return true
        }
        #expect(commands == ["two 2", "three"])
        #expect(configuration.port == 2)
    }

    @Test func matchExecKnowsWhereItIsAbout() throws {
        let text = "User u\nMatch exec \"nc -z %h %p %n %r 100%%\"\nPort 7\nMatch exec \"%x\"\n"
        let path = try self.folder.write("config", text)
        var commands: [String] = []
        let error = #expect(throws: SSHError.self) {
            try self.load(["-F", path, "-o", "HostName=%h.example", "Host"]) { command in
                commands.append(command)
                return true
            }
        }
        #expect(commands == ["nc -z Host.example 22 Host u 100%"])
        #expect(error?.code == .invalidConfiguration)
    }

    @Test func matchExecShowsTheShellNamesAlone() throws {
        let path = try self.folder.write("config", "HostName a;b\nMatch exec %h\nPort 7\n")
        var isAsked = false
        #expect(throws: SSHError.self) {
            try self.load(["-F", path, "host"]) { _ in
                isAsked = true
                return true
            }
        }
        #expect(!isAsked)
    }

    @Test func aConnectionThatIsRefusedSaysWhy() throws {
        let configuration = try self.load(file: "Host h*\nRefuseConnection \"not this one\"\n")
        #expect(configuration.refuseConnection == "not this one" && configuration.warnings.isEmpty)
    }

    @Test func whatALoginWouldNeedAndIsNotThereWarns() throws {
        let configuration = try self.load(file: "CertificateFile /x\nIdentityAgent /y\n")
        #expect(configuration.warnings.count == 2)
        #expect(try self.load(file: "IdentityAgent none\n").warnings.isEmpty)
    }

    @Test(arguments: ["CanonicalizeHostname", "ProxyUseFdpass", "NoHostAuthenticationForLocalhost"])
    func anotherWayToConnectWarnsWhenItIsAskedFor(keyword: String) throws {
        let configuration = try self.load(file: "\(keyword) yes\n\(keyword) no\n\(keyword) yes\n")
        #expect(configuration.warnings == ["\(keyword) is not supported and is ignored"])
        #expect(try self.load(file: "\(keyword) no\n\(keyword) yes\n").warnings.isEmpty)
    }

    @Test func matchComparesWithTheUserSoFarAndTheLocalUser() throws {
        let text =
            "User first\nMatch user first localuser m?\nPort 1\nMatch user me\nPort 2\nMatch localuser !me,*\nPort 3\n"
        #expect(try self.load(file: text).port == 1)
        #expect(try self.load(file: text, "other@host").port == 22)
    }

    @Test func tokensAndVariablesAreExpanded() throws {
        let path = try self.folder.write(
            "config",
            """
            HostName %h.example.org
            User admin
            Port 2222
            IdentityFile ~/.ssh/%h-%n-%p-%r-%u-%L-%l-%i-%%
            IdentityFile %d/${KEYS}/id
            IdentityFile none
            UserKnownHostsFile ~/kh_%k /etc/${KEYS}
            HostKeyAlias Alias
            RemoteForward /run/%u.sock localhost:80
            ProxyCommand nc %h %p %r%%
            """
        )
        let configuration = try self.load(["-F", path, "web"], variables: ["KEYS": "keys"])
        let home = self.folder.path
        #expect(configuration.hostName == "web.example.org")
        #expect(
            configuration.identityFiles == [
                "\(home)/.ssh/web.example.org-web-2222-admin-me-laptop-laptop.example.org-\(getuid())-%",
                "\(home)/keys/id",
            ]
        )
        #expect(configuration.userKnownHostsFiles == ["\(home)/kh_Alias", "/etc/keys"])
        #expect(configuration.remoteForwards.first?.listen == .path("/run/me.sock"))
        #expect(configuration.proxy == .command("nc web.example.org 2222 admin%"))
        #expect(configuration.knownHostsName == "alias")
    }

    @Test(arguments: [
        "IdentityFile %x", "IdentityFile a%", "IdentityFile ${MISSING}", "IdentityFile ${", "ProxyCommand %d",
    ])
    func anUnknownTokenOrVariableIsAnError(text: String) throws {
        _ = try self.failure(file: text)
    }

    @Test func aStandardInputForwardExcludesAllOthersUnlessToldOtherwise() throws {
        let path = try self.folder.write("config", "LocalForward 1 a:1\nDynamicForward 2\n")
        let plain = try self.load(["-F", path, "-W", "a:1", "host"])
        #expect(plain.clearAllForwardings)
        #expect(plain.exitOnForwardFailure)
        #expect(plain.localForwards.isEmpty && plain.dynamicForwards.isEmpty)
        #expect(plain.sessionType == .none)
        let overridden = try self.load([
            "-F", path, "-W", "a:1", "-o", "ClearAllForwardings=no", "-o", "ExitOnForwardFailure=no", "host",
        ])
        #expect(overridden.localForwards.count == 1)
        #expect(!overridden.exitOnForwardFailure)
    }

    @Test(arguments: [
        ("aes256-ctr,aes128-gcm@openssh.com", ["aes256-ctr", "aes128-gcm@openssh.com"]),
        (
            "^aes256-ctr",
            ["aes256-ctr", "chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com"]
        ),
        ("-aes*", ["chacha20-poly1305@openssh.com"]),
        ("+aes256-ctr", testAlgorithms.ciphers),
        ("+3des-cbc", testAlgorithms.ciphers),
        ("aes256-cbc,aes256-ctr", ["aes256-ctr"]),
    ])
    func algorithmListsReplaceExtendCutOrHeadTheDefaults(text: String, names: [String]) throws {
        #expect(try self.load(["-c", text, "host"]).ciphers == names)
    }

    @Test func algorithmsThatAreNotHereAreNamedInAWarning() throws {
        let configuration = try self.load(["-o", "HostKeyAlgorithms=+ssh-rsa,ssh-dss", "host"])
        #expect(configuration.warnings == ["HostKeyAlgorithms: not supported: ssh-rsa,ssh-dss"])
        #expect(configuration.hostKeyAlgorithmsFollowKnownHosts)
        #expect(try !self.load(["-o", "HostKeyAlgorithms=ssh-ed25519", "host"]).hostKeyAlgorithmsFollowKnownHosts)
        #expect(throws: SSHError.self) { try self.load(["-o", "MACs=-*", "host"]) }
    }

    @Test func theAgentComesFromTheEnvironmentUnlessSetOrSwitchedOff() throws {
        let variables = ["SSH_AUTH_SOCK": "/run/agent", "OTHER": "/run/other"]
        #expect(try self.load(["host"], variables: variables).identityAgent == .socket("/run/agent"))
        #expect(
            try self.load(["-oIdentityAgent=$OTHER", "host"], variables: variables).identityAgent
                == .socket("/run/other")
        )
        #expect(
            try self.load(["-oIdentityAgent=/x/%u", "host"], variables: variables).identityAgent == .socket("/x/me")
        )
        #expect(
            try self.load(["-oIdentityAgent=none", "host"], variables: variables).identityAgent == IdentityAgent.none
        )
    }

    @Test func jumpsTakeTokensAndAreCheckedAfterExpansion() throws {
        let jump = try self.load(["-J", "%r@gate,ssh://x@last:7", "-l", "u", "host"]).proxy
        #expect(
            jump == .jump([JumpHost(user: "u", host: "gate", port: nil), JumpHost(user: "x", host: "last", port: 7)])
        )
        #expect(throws: SSHError.self) { try self.load(["-J", "gate$(x)", "host"]) }
    }

    @Test func remoteOpensArePermittedByHostAndPort() throws {
        let permitted = try self.load(["-o", "PermitRemoteOpen a:1 [::1]:2 b:* *:3", "host"]).permitRemoteOpen
        for (host, port) in [("a", 1), ("::1", 2), ("b", 9), ("c", 3)] as [(String, UInt16)] {
            #expect(permitted.permits(host: host, port: port), "\(host):\(port)")
        }
        for (host, port) in [("a", 2), ("A", 1), ("c", 4), ("0:0:0:0:0:0:0:1", 2)] as [(String, UInt16)] {
            #expect(!permitted.permits(host: host, port: port), "\(host):\(port)")
        }
        #expect(PermitRemoteOpen.any.permits(host: "x", port: 1))
        #expect(!PermitRemoteOpen.none.permits(host: "x", port: 1))
    }
}
