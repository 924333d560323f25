import SSHClient
import Testing

/// The same words through `ssh -G` and through ours.
@Suite(.enabled(if: hasOpenSSH)) struct OpenSSHComparisonTests {
    static let forwards = [
        "80:a:1", ":80:a:1", "*:80:a:1", "[::1]:80:[::2]:81", "80", "0:a:1", "80:a:0", "80:/x", "/x:/y", "/x:a:1", "/x",
        "a:80:/x", "a:b:c", "80:a:65536", "1:2:3:4:5", "[::1]80:a:1", "[::1:80:a:1", "localhost:80:a:http", "80:a:1:",
        "",
        "http:a:1", "a:80", "[a/b]:80", "80:[a/b]:1", "-1:a:1", "80:a", "1:2", "[]:80:a:1", "80::1", " 80:a:1",
        "80:a:1 ",
        "/x:80", "a\\:b:80:c:1", "1080:socks", "0", "*:0", "80:a b:1", "00080:a:1",
    ]

    private static let printedKeywords: Set<Substring> = ["localforward", "remoteforward", "dynamicforward"]

    @Test(arguments: ["-L", "-R", "-D"])
    func everyForwardIsAcceptedOrRefusedAsBySSH(flag: String) throws {
        // A path for a port is nonsense that ssh reads as port 80 anywhere; we refuse it.
        for text in Self.forwards where !(flag == "-D" && ["80:/x", "/x:/y"].contains(text)) {
            let theirs = try run(["ssh", "-G", "-F", "none", flag, text, "host"])
            let ours = try? Self.configuration([flag, text, "host"], TemporaryFolder())
            #expect((theirs.status == 0) == (ours != nil), "\(flag) '\(text)'")
            guard let ours, theirs.status == 0 else { continue }
            // ssh lists a -L to a Unix socket once more as a dynamic forward; it has one meaning all the same.
            let expected = Self.lines(theirs.output, Self.printedKeywords)
                .filter { flag != "-L" || !$0.hasPrefix("dynamicforward") }
            #expect(Self.lines(ours.printedLines.joined(separator: "\n"), Self.printedKeywords) == expected, "\(text)")
        }
    }

    @Test func standardInputForwardsAreAcceptedOrRefusedAsBySSH() throws {
        for text in ["host:22", "[::1]:22", "host", "host:0", "a:b:c", "host:http", "", "/run/x"] {
            let theirs = try run(["ssh", "-G", "-F", "none", "-W", text, "host"]).status == 0
            #expect(theirs == ((try? ForwardTarget(standardInputForward: text)) != nil), "\(text)")
        }
    }

    @Test func jumpsAreAcceptedOrRefusedAsBySSH() throws {
        let jumps = [
            "a", "u@a", "u@a:22", "a,b", "ssh://u@a:22", "ssh://a/", "ssh://a/x", "@a", "a:0", "[::1]:22", "::1", "a:x",
            "",
            "a,", "u@b@c", "none", "ssh://u;x=1@a", "a/22",
        ]
        for text in jumps {
            let theirs = try run(["ssh", "-G", "-F", "none", "-J", text, "host"]).status == 0
            let ours = (try? Self.configuration(["-J", text, "host"], TemporaryFolder())) != nil
            #expect(theirs == ours, "-J '\(text)'")
        }
    }

    @Test func destinationsAreReadAsBySSH() throws {
        for text in [
            "host", "u@host", "u@v@host", "ssh://u@host:2222", "ssh://host/", "ssh://[::1", "ssh://u:v@host", "@host",
            "::1",
        ] {
            let theirs = try run(["ssh", "-G", "-F", "none", "-l", "", "--", text])
            let arguments = ["-l", "", "--", text]
            let ours = try? Self.configuration(arguments, TemporaryFolder())
            #expect((theirs.status == 0) == (ours != nil), "\(text)")
            guard let ours, theirs.status == 0 else { continue }
            let keywords: Set<Substring> = ["hostname", "port"]
            #expect(
                Self.lines(ours.printedLines.joined(separator: "\n"), keywords) == Self.lines(theirs.output, keywords)
            )
        }
    }

    /// Keywords whose values both programs print in the same words and order.
    private static let comparedKeywords: Set<Substring> = [
        "user", "hostname", "port", "addressfamily", "batchmode", "clearallforwardings", "exitonforwardfailure",
        "gatewayports", "hashknownhosts", "identitiesonly", "hostkeyalias", "bindaddress", "requesttty", "sessiontype",
        "stdinnull", "stricthostkeychecking", "tcpkeepalive", "connectionattempts", "serveralivecountmax", "loglevel",
        "dynamicforward", "localforward", "remoteforward", "permitremoteopen", "connecttimeout", "rekeylimit",
        "streamlocalbindmask", "streamlocalbindunlink", "proxycommand", "proxyjump", "globalknownhostsfile",
        "pubkeyauthentication",
    ]

    private static let files = [
        "Host a b\nPort 1\nHost *\nPort 2\n",
        "Host !host *\nPort 1\nHost h?st\nPort 2\nHost *\nPort 3",
        "Host * !host\nPort 1\n",
        "Port=23\nUser = \"some one\" # a comment\nBatchMode yes#x\n",
        "port 23\r\nUSER x\r\n\t BatchMode\tyes  \n",
        "Match host host\n HostName real.example\nMatch host real.example\n Port 7\nMatch originalhost host user root\n User z\n",
        "Match all\nPort 5\n",
        "Match !host other\nPort 5\nMatch host=host\nUser eq\n",
        "Match host host,!host\nPort 5\n",
        "Match final host host\nPort 5\nHost *\nUser f\n",
        "HostName %h.example\nMatch final host host.example\nPort 5\nMatch canonical all\nUser c\n",
        "Host host\nHostName final.example\nMatch final\nPort 9\nHost final.example\nUser reparsed\n",
        "Match exec\n", "Match\n", "Match foo bar\n", "Match all host x\n", "Match canonical all\nPort 4\n",
        "Match host x all\n", "Match !all\nPort 4\n", "Match host\n", "Match host host # c\nPort 6\n",
        "LocalForward 80 a:1\nLocalForward 80 a:1\nLocalForward [::1]:81 [::2]:82\nLocalForward 83 a:http\nRemoteForward 0 a:1\n",
        "RemoteForward 1080\nDynamicForward 1081\nDynamicForward *:1082\n", "LocalForward 80\n", "LocalForward 80 a\n",
        "DynamicForward 1 a:1\n", "RemoteForward 80 a:1 x\n", "ClearAllForwardings yes\nLocalForward 80 a:1\n",
        "ProxyJump a,b\nProxyCommand x y\n", "ProxyCommand nc -x \"y\" # z\nProxyJump a\n",
        "ProxyCommand none\nProxyJump a\n",
        "ProxyJump none\nProxyCommand x\n", "ProxyJump none\nProxyJump a\n", "ProxyJump a\nProxyCommand none\n",
        "PermitRemoteOpen a/1\n", "ProxyJump a # x\n", "ProxyJump u@a:22,ssh://b:23\n", "ProxyJump @x\n",
        "PermitRemoteOpen a:1 [::1]:2 *:3 b:*\n", "PermitRemoteOpen any\n", "PermitRemoteOpen none\n",
        "PermitRemoteOpen a\n",
        "ConnectTimeout 1m30s\nServerAliveCountMax 7\nConnectionAttempts 3\n", "ConnectTimeout none\n",
        "ConnectTimeout 1x\n", "ConnectTimeout -1\n", "ConnectionAttempts 0\n", "ConnectionAttempts x\n",
        "RekeyLimit 1G 1h\n", "RekeyLimit default none\n", "RekeyLimit 16M\n", "RekeyLimit 5\n", "RekeyLimit 1X\n",
        "RekeyLimit 99999999999999999999\n", "StrictHostKeyChecking off\n", "StrictHostKeyChecking accept-new\n",
        "StrictHostKeyChecking maybe\n", "RequestTTY force\nSessionType none\nStdinNull yes\n", "LogLevel debug\n",
        "LogLevel x\n", "AddressFamily inet6\nBindAddress ::1\nHostKeyAlias alias\n", "AddressFamily x\n",
        "Port 0\n", "Port 65536\n", "Port abc\n", "Port\n", "Port 1 2\n", "Foo bar\n", "Host x\nFoo bar\n",
        "IgnoreUnknown F*,Bar\nFoo 1\nbar 2\n", "IgnoreUnknown Foo\nBar 1\n", "User 'a b'\n", "User a\\ b\n",
        "User \"a\n",
        "GlobalKnownHostsFile /a \"/b c\"\n", "GlobalKnownHostsFile none\n", "GlobalKnownHostsFile none /a\n",
        "StreamLocalBindMask 0117\nStreamLocalBindUnlink yes\n", "StreamLocalBindMask 9\n", "Host\nPort 1\n",
        "Host \"host\"\nPort 8\n", "GatewayPorts yes\nHashKnownHosts true\nTCPKeepAlive no\nIdentitiesOnly yes\n",
        "Include missing-*.conf\nPort 3\n", "Include\n", "X11Forwarding yes\n", "ForwardX11 yes\nSendEnv LANG LC_*\n",
        "HostName a%%b\n", "HostName %x\n", "HostName UPPER.Example\n", "User \"\"\n", "ServerAliveCountMax -3\n",
        "UserKnownHostsFile /x /y\nUserKnownHostsFile /z\n",
        "EscapeChar none\nControlMaster auto\nControlPath ~/x-%C\n",
        "ConnectTimeout 0\n", "ServerAliveCountMax 0\n",
        "UseRoaming no\nUserKnownHostsFile2 /a\nGlobalKnownHostsFile2 /b\nUseRsh no\nFallBackToRsh no\n",
        "RhostsAuthentication no\nUseBlacklistedKeys no\nAFSTokenPassing no\nKerberosAuthentication no\n",
        "KerberosTGTPassing no\nDSAAuthentication no\nPubkeyAuthentication yes\n", "DSAAuthentication 17\n",
        "CanonicalizeHostname always\n", "CanonicalizeHostname none\n", "ProxyUseFdpass always\n",
        "NoHostAuthenticationForLocalhost x\n", "ProtocolKeepAlives x\n", "SetupTimeOut x\n", "IdentityFile2 /a /b\n",
    ]

    @Test(arguments: files)
    func aFileMeansWhatItMeansToSSH(text: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("config", text)
        let theirs = try run(["ssh", "-G", "-F", path, "host"])
        var environment = folder.environment()
        environment.userName = try run(["id", "-un"]).output.filter { $0 != "\n" }
        let ours = Result {
            try Self.configuration(["-F", path, "host"], folder, environment: environment)
        }
        switch ours {
        case .failure(let error):
            #expect(theirs.status != 0, "ours refused it: \(error)")
        case .success(let configuration):
            try #require(theirs.status == 0, "theirs refused it")
            let printed = configuration.printedLines.joined(separator: "\n")
            #expect(Self.lines(printed, Self.comparedKeywords) == Self.lines(theirs.output, Self.comparedKeywords))
        }
    }

    /// These have other defaults here.
    private static let keywordsWithOwnDefaults: Set<Substring> = ["identityfile", "serveraliveinterval"]

    @Test(arguments: [
        "IdentityFile2 /a\nIdentityFile /b\nProtocolKeepAlives 7\nSetupTimeOut 9\n",
        "IdentityFile /a\nSetupTimeOut 2m\nServerAliveInterval 7\n",
    ])
    func oldNamesOfKeywordsMeanWhatTheyMeanToSSH(text: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("config", text)
        let theirs = try run(["ssh", "-G", "-F", path, "host"])
        try #require(theirs.status == 0)
        let ours = try Self.configuration(["-F", path, "host"], folder).printedLines.joined(separator: "\n")
        #expect(
            Self.lines(ours, Self.keywordsWithOwnDefaults) == Self.lines(theirs.output, Self.keywordsWithOwnDefaults)
        )
    }

    @Test func theHashOfAConnectionIsSSHs() throws {
        let folder = try TemporaryFolder()
        var environment = folder.environment()
        environment.hostName = try run(["hostname"]).output.filter { $0 != "\n" }
        let options = ["-p", "2222", "-l", "me", "-o", "HostName=%h.Example", "-o", "UserKnownHostsFile=/k/%C"]
        let arguments = options + ["-L", "/s/%C:/t/%C", "-R", "/r/%C:localhost:1", "Host"]
        let keywords: Set<Substring> = ["userknownhostsfile", "localforward", "remoteforward"]
        let theirs = Self.lines(try run(["ssh", "-G", "-F", "none"] + arguments).output, keywords)
        let ours = try Self.configuration(["-F", "none"] + arguments, folder, environment: environment)
        #expect(Self.lines(ours.printedLines.joined(separator: "\n"), keywords) == theirs)
    }

    private static func configuration(
        _ arguments: [String],
        _ folder: TemporaryFolder,
        environment: LocalEnvironment? = nil
    ) throws -> ClientConfiguration {
        let environment = environment ?? folder.environment()
        guard case .connect(let line) = try ClientCommandLine.parse(arguments, environment: environment) else {
            throw UnexpectedRequest()
        }
        return try ClientConfiguration.load(line, environment: environment, algorithms: testAlgorithms)
    }

    private static func lines(_ text: String, _ keywords: Set<Substring>) -> [String] {
        text.split(separator: "\n").filter { keywords.contains($0.prefix { $0 != " " }) }.map(String.init).sorted()
    }
}

struct UnexpectedRequest: Error {}
