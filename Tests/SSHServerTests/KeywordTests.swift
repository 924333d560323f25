import Testing

@testable import SSHServer

/// One row per keyword and value: what `-T` prints for it.
struct KeywordTests {
    @Test(arguments: [
        ("Port 2222", ["port 2222"]),
        ("Port 2222\nPort 080", ["port 2222", "port 80"]),
        ("ListenAddress 192.0.2.1", ["listenaddress 192.0.2.1:22"]),
        ("ListenAddress 192.0.2.1:99", ["listenaddress 192.0.2.1:99"]),
        ("ListenAddress ::1", ["listenaddress [::1]:22"]),
        ("ListenAddress [::1]", ["listenaddress [::1]:22"]),
        ("ListenAddress [::1]:99", ["listenaddress [::1]:99"]),
        ("AddressFamily INET6", ["addressfamily inet6"]),
        ("HostKey /a\nHostKey /b", ["hostkey /a", "hostkey /b"]),
        ("HostKey none", []),
        ("HostKeyAgent /a\nHostKeyAgent /b", ["hostkeyagent /a"]),
        ("HostKeyAgent SSH_AUTH_SOCK", ["hostkeyagent SSH_AUTH_SOCK"]),
        ("HostKeyAgent None", ["hostkeyagent none"]),
        ("PidFile /run/x.pid", ["pidfile /run/x.pid"]),
        ("PidFile none", ["pidfile none"]),
        ("StrictModes no\nStrictModes yes", ["strictmodes no"]),
        ("SyslogFacility local3", ["syslogfacility LOCAL3"]),
        ("LoginGraceTime 1h30", ["logingracetime 3630"]),
        ("LoginGraceTime 0", ["logingracetime 0"]),
        ("MaxStartups 10", ["maxstartups 10:30:10"]),
        ("MaxStartups 5:50:60", ["maxstartups 5:50:60"]),
        ("PerSourceMaxStartups 3", ["persourcemaxstartups 3"]),
        ("PerSourceMaxStartups none", ["persourcemaxstartups none"]),
        ("PerSourceNetBlockSize 24:64", ["persourcenetblocksize 24:64"]),
        ("PerSourceNetBlockSize 24", ["persourcenetblocksize 24:128"]),
        ("TCPKeepAlive no", ["tcpkeepalive no"]),
        ("KeepAlive no", ["tcpkeepalive no"]),
        ("Ciphers aes256-ctr,aes128-gcm@openssh.com", ["ciphers aes256-ctr,aes128-gcm@openssh.com"]),
        ("Ciphers -aes*", ["ciphers chacha20-poly1305@openssh.com"]),
        (
            "Ciphers ^aes256-ctr",
            ["ciphers aes256-ctr,chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com"]
        ),
        ("MACs -*256*", ["macs hmac-sha2-512-etm@openssh.com"]),
        ("KexAlgorithms curve25519-sha256", ["kexalgorithms curve25519-sha256"]),
        ("HostKeyAlgorithms ssh-*", ["hostkeyalgorithms ssh-ed25519"]),
        ("PubkeyAcceptedAlgorithms rsa-*", ["pubkeyacceptedalgorithms rsa-sha2-512,rsa-sha2-256"]),
        ("PubkeyAcceptedKeyTypes +rsa-*", ["pubkeyacceptedalgorithms ssh-ed25519,rsa-sha2-512,rsa-sha2-256"]),
        ("AuthorizedKeysFile /k/%u .ssh/k", ["authorizedkeysfile /k/%u .ssh/k"]),
        ("AuthorizedKeysFile /a\nAuthorizedKeysFile /b", ["authorizedkeysfile /a"]),
        ("AuthorizedKeysFile none", ["authorizedkeysfile none"]),
        ("PubkeyAuthentication no", ["pubkeyauthentication no"]),
        ("AllowUsers a b@10.0.0.0/8\nAllowUsers c*", ["allowusers a", "allowusers b@10.0.0.0/8", "allowusers c*"]),
        ("DenyUsers root", ["denyusers root"]),
        ("AllowGroups a b", ["allowgroups a", "allowgroups b"]),
        ("DenyGroups a", ["denygroups a"]),
        ("MaxAuthTries 3", ["maxauthtries 3"]),
        ("AllowTcpForwarding ALL # all", ["allowtcpforwarding yes"]),
        ("AllowTcpForwarding local", ["allowtcpforwarding local"]),
        ("AllowTcpForwarding remote", ["allowtcpforwarding remote"]),
        ("AllowTcpForwarding no", ["allowtcpforwarding no"]),
        ("DisableForwarding yes", ["disableforwarding yes"]),
        ("PermitListen 8080 LOCALHOST:* [::1]:8", ["permitlisten *:8080 LOCALHOST:* [::1]:8"]),
        ("PermitListen any", ["permitlisten any"]),
        ("PermitListen none", ["permitlisten none"]),
        ("PermitListen 1\nPermitListen 2", ["permitlisten *:1"]),
        ("PermitOpen a:1 *:* [::1]:*", ["permitopen a:1 *:* [::1]:*"]),
        ("PermitOpen :80", ["permitopen :80"]),
        ("PermitOpen none", ["permitopen none"]),
        ("GatewayPorts clientspecified", ["gatewayports clientspecified"]),
        (
            "AuthenticationMethods publickey,publickey publickey",
            ["authenticationmethods publickey,publickey publickey"]
        ),
        ("AuthenticationMethods none publickey", ["authenticationmethods none publickey"]),
        ("ListenTakeover No", ["listentakeover no"]),
        ("ListenTakeover same-account", ["listentakeover same-account"]),
        ("ListenTakeover Same-Key-If-Silent", ["listentakeover same-key-if-silent"]),
        ("ShutdownGrace 1m", ["shutdowngrace 60"]),
        ("ShutdownGrace 0", ["shutdowngrace 0"]),
        ("TrustedUserCAKeys /etc/ca.pub", ["trustedusercakeys /etc/ca.pub"]),
        ("TrustedUserCAKeys none", ["trustedusercakeys none"]),
        ("AuthorizedPrincipalsFile /p/%u", ["authorizedprincipalsfile /p/%u"]),
        ("RevokedKeys /a", ["revokedkeys /a"]),
        ("RevokedKeys none", ["revokedkeys none"]),
        ("CASignatureAlgorithms -rsa*", ["casignaturealgorithms ssh-ed25519"]),
        ("PubkeyAuthOptions verify-required", ["pubkeyauthoptions verify-required"]),
        ("PubkeyAuthOptions none", ["pubkeyauthoptions none"]),
        ("ChannelTimeout direct-tcpip=5m *=1h", ["channeltimeout direct-tcpip=5m *=1h"]),
        ("ChannelTimeout none", []),
        ("RefuseConnection yes", ["refuseconnection yes"]),
        ("PerSourcePenalties no", ["persourcepenalties no"]),
        (
            "PerSourcePenalties invaliduser:1.5 authfail:0.1s noauth:1m0.0",
            [
                "persourcepenalties crash:90 authfail:1 invaliduser:2 noauth:60 grace-exceeded:10 refuseconnection:10 "
                    + "max:600 min:15 max-sources4:65536 max-sources6:65536 overflow:permissive overflow6:permissive"
            ]
        ),
        (
            "PerSourcePenalties authfail:1m min:5s",
            [
                "persourcepenalties crash:90 authfail:60 invaliduser:5 noauth:1 grace-exceeded:10 refuseconnection:10 max:600 min:5 "
                    + "max-sources4:65536 max-sources6:65536 overflow:permissive overflow6:permissive"
            ]
        ),
        (
            "PerSourcePenalties overflow:deny-all max-sources6:7",
            [
                "persourcepenalties crash:90 authfail:5 invaliduser:5 noauth:1 grace-exceeded:10 refuseconnection:10 max:600 min:15 "
                    + "max-sources4:65536 max-sources6:7 overflow:deny-all overflow6:permissive"
            ]
        ),
        ("PerSourcePenaltyExemptList 10.0.0.0/8,::1", ["persourcepenaltyexemptlist 10.0.0.0/8,::1"]),
        ("RequiredRSASize 3072", ["requiredrsasize 3072"]),
        ("AllowStreamLocalForwarding yes", ["allowstreamlocalforwarding yes"]),
        ("AllowStreamLocalForwarding ALL", ["allowstreamlocalforwarding yes"]),
        ("AllowStreamLocalForwarding local", ["allowstreamlocalforwarding local"]),
        ("AllowStreamLocalForwarding remote", ["allowstreamlocalforwarding remote"]),
        ("StreamLocalBindMask 0117", ["streamlocalbindmask 0117"]),
        ("StreamLocalBindMask 777\nStreamLocalBindMask 0", ["streamlocalbindmask 0777"]),
        ("StreamLocalBindUnlink yes", ["streamlocalbindunlink yes"]),
        ("PermitStreamLocalListen /run/%u/*.sock %h/a", ["permitstreamlocallisten /run/%u/*.sock %h/a"]),
        ("PermitStreamLocalListen none", ["permitstreamlocallisten none"]),
        ("PermitStreamLocalOpen any\nPermitStreamLocalOpen /a", ["permitstreamlocalopen any"]),
        ("ClientAliveInterval 1m", ["clientaliveinterval 60"]),
        ("ClientAliveCountMax 0", ["clientalivecountmax 0"]),
        ("RekeyLimit 1.5G 1h", ["rekeylimit 1610612736 3600"]),
        ("RekeyLimit default none", ["rekeylimit 0 0"]),
        ("RekeyLimit 16m", ["rekeylimit 16777216 0"]),
        ("RekeyLimit 1K none\nRekeyLimit 2K 1h\nRekeyLimit 3K 2h", ["rekeylimit 1024 3600"]),
        ("RekeyLimit 1K 0\nRekeyLimit 2K 1h", ["rekeylimit 1024 0"]),
        ("PermitListen 080 [a]:ssh", ["permitlisten *:080 [a]:ssh"]),
        ("MaxSessions 0", ["maxsessions 0"]),
        ("RateLimit 10M", ["ratelimit 10485760 1310720"]),
        ("RateLimit 1.5k 1", ["ratelimit 1536 1"]),
        ("RateLimit NONE", ["ratelimit none"]),
        ("MemoryLimit 512M", ["memorylimit 536870912"]),
        ("MaxChannels 1500", ["maxchannels 1500"]),
        ("MaxChannels None", ["maxchannels none"]),
        ("MaxListeners 0", ["maxlisteners 0"]), ("Names *,!*.*", ["names *,!*.*"]), ("Names NONE", ["names none"]),
        ("Names *.Inlets", ["names *.inlets"]), ("PermitCallers ANY", ["permitcallers any"]),
        ("PermitCallers 192.0.2.0/24,!192.0.2.7", ["permitcallers 192.0.2.0/24,!192.0.2.7"]),
        ("UnusedConnectionTimeout none", ["unusedconnectiontimeout none"]),
        ("UnusedConnectionTimeout 5m", ["unusedconnectiontimeout 300"]),
        ("LogLevel debug1", ["loglevel DEBUG"]),
        ("LogLevel VERBOSE", ["loglevel VERBOSE"]),
        ("LogFormat JSON", ["logformat json"]), ("ControlSocket /run/x.sock", ["controlsocket /run/x.sock"]),
        ("ControlSocket None", ["controlsocket none"]),
        ("StateDirectory /var/lib/relay", ["statedirectory /var/lib/relay"]),
        ("StateDirectory None", ["statedirectory none"]),
        ("StateDirectory /a\nStateDirectory /b", ["statedirectory /a"]),
        ("ProxyProtocolFrom 192.0.2.7 2001:db8::/32", ["proxyprotocolfrom 192.0.2.7 2001:db8::/32"]),
        ("ProxyProtocolFrom none", ["proxyprotocolfrom none"]),
        ("ProxyProtocolListen 8080 localhost:*", ["proxyprotocollisten *:8080 localhost:*"]),
        ("ProxyProtocolListen none", ["proxyprotocollisten none"]),
        ("ProxyProtocolOpen web:80", ["proxyprotocolopen web:80"]),
    ])
    func valuesMeanWhatTheyMeanInSshd(_ text: String, _ expected: [String]) throws {
        let configuration = try ServerConfiguration.parsing(text)
        let keyword = try #require(Keyword.named(String(text.prefix { $0 != " " })))
        let prefix = keyword.name.lowercased() + " "
        #expect(configuration.effectiveLines().filter { $0.hasPrefix(prefix) } == expected)
        #expect(configuration.warnings == [])
    }

    @Test(arguments: [
        "Port 0", "Port 65536", "Port -1", "Port x y", "Port 22 23", "Port 99999999999999999999",
        "ListenAddress a:0", "ListenAddress [::1", "ListenAddress [::1]x", "ListenAddress :22",
        "ListenAddress a rdomain b",
        "AddressFamily inet\nListenAddress ::1", "AddressFamily inet6\nListenAddress 192.0.2.1",
        "AddressFamily inet4", "StrictModes maybe", "StrictModes true", "SyslogFacility mail", "LogLevel loud",
        "StateDirectory", "StateDirectory state", "StateDirectory /a /b", "StateDirectory /a/../b",
        "StateDirectory /a/",
        "StateDirectory /\(String(repeating: "x", count: 1024))",
        "ControlSocket", "ControlSocket x.sock", "ControlSocket /a /b", "ControlSocket /a/../b",
        "LogFormat xml", "ProxyProtocolFrom", "ProxyProtocolFrom web", "ProxyProtocolFrom 10.0.0.1/8",
        "ProxyProtocolFrom none 10.0.0.1", "ProxyProtocolFrom 0.0.0.0/33", "ProxyProtocolListen x:y",
        "ProxyProtocolOpen 80",
        "LoginGraceTime", "LoginGraceTime \"\"", "LoginGraceTime -1", "LoginGraceTime 1x", "LoginGraceTime 9999999999",
        "LoginGraceTime 9999999w", "LoginGraceTime h", "MaxStartups 10:30", "MaxStartups 10:0:20",
        "MaxStartups 10:101:20",
        "MaxStartups 30:30:20", "MaxStartups x", "MaxStartups 0", "MaxStartups 10:30:20:1", "PerSourceMaxStartups x",
        "PerSourceNetBlockSize 33", "PerSourceNetBlockSize 24:129", "PerSourceNetBlockSize 1:2:3",
        "Ciphers 3des-cbc", "Ciphers aes*", "Ciphers -*", "Ciphers aes256-ctr,", "Ciphers ,", "MACs \"\"", "Ciphers +",
        "PubkeyAcceptedAlgorithms ssh-rsa", "AuthorizedKeysFile /k/%z", "AuthorizedKeysFile /k/%",
        "AuthorizedKeysFile \"\"",
        "AllowUsers a@10.0.0.1/8", "AllowUsers a@10.0.0.0/33", "AllowUsers \"\"", "AllowUsers a@x,,y",
        "MaxAuthTries -1", "MaxAuthTries x", "MaxAuthTries 4294967296", "AllowTcpForwarding TRUE",
        "DisableForwarding 1",
        "PermitListen 0", "PermitListen a:0", "PermitListen any 80", "PermitListen 80 any", "PermitListen a/80",
        "PermitListen 65536", "PermitListen -1", "PermitListen a:b:80", "PermitListen [::1:80", "PermitListen [::1]",
        "PermitListen ::1:80", "PermitOpen 80", "PermitOpen a", "PermitOpen a:", "PermitOpen a/80",
        "PermitOpen :80 a/80",
        "AllowStreamLocalForwarding maybe", "StreamLocalBindMask", "StreamLocalBindMask 0778",
        "StreamLocalBindMask 1000", "StreamLocalBindMask -1", "StreamLocalBindMask 99999999999",
        "StreamLocalBindUnlink true", "PermitStreamLocalListen", "PermitStreamLocalListen a",
        "PermitStreamLocalListen any /a", "PermitStreamLocalListen /a none", "PermitStreamLocalOpen /a/../b",
        "PermitStreamLocalOpen //a", "PermitStreamLocalOpen /", "PermitStreamLocalOpen /a/ /b",
        "PermitStreamLocalOpen /%x", "PermitStreamLocalOpen /%", "PermitStreamLocalOpen /a%h/b",
        "PermitStreamLocalOpen ./a", "PermitStreamLocalOpen \"\"",
        "GatewayPorts maybe", "ClientAliveInterval none", "ClientAliveCountMax 1s", "RekeyLimit 8", "RekeyLimit 1X",
        "RekeyLimit 1.5", "RekeyLimit 20000P", "RekeyLimit 1G forever", "RekeyLimit 1G 1h 1", "RekeyLimit -1G",
        "UnusedConnectionTimeout x", "Nonsense yes", "Include", "Include \"\"", "Match", "Match user", "Match nobody a",
        "AuthenticationMethods publickey,password", "UseDNS maybe", "Banner", "HostKeyAgent",
        "HostKeyAgent none none", "HostCertificate", "HostCertificate \"\"",
        "VersionAddendum", "VersionAddendum \u{1b}", "VersionAddendum ü",
        "VersionAddendum \(String(repeating: "x", count: 231))",
        "PubkeyAuthOptions maybe", "RequiredRSASize many", "TrustedUserCAKeys", "RevokedKeys",
        "CASignatureAlgorithms x", "AuthorizedPrincipalsFile /p/%x", "ListenTakeover yes", "ShutdownGrace soon",
        "RefuseConnection maybe", "PerSourcePenalties authfail", "PerSourcePenalties authfail:x",
        "PerSourcePenalties nothing:5s", "PerSourcePenalties overflow:maybe",
        "PerSourcePenaltyExemptList 10.0.0.1/8",
        "RateLimit", "RateLimit 0", "RateLimit 1023", "RateLimit fast", "RateLimit 10M 0", "RateLimit 10M 1M 1M",
        "MemoryLimit", "MemoryLimit 7M", "MemoryLimit much", "MaxChannels -1", "MaxListeners 1 2", "Names",
        "Names !*.*", "Names a,,b", "Names a b", "Names a,!",
        "RateLimit -1M", "RateLimit none 1M", "RateLimit 99999999999999999999",
        "ChannelTimeout 5m", "ChannelTimeout =5m", "ChannelTimeout session=x",
    ])
    func wrongValuesRefuseToStartAndNameTheLine(_ text: String) throws {
        let reason = try #require(ServerConfiguration.refusal("\n" + text))
        #expect(reason.hasPrefix("/etc/relay/config line 2: "))
        #expect(reason.contains(try #require(text.split(separator: " ").first)))
    }

    @Test(arguments: [
        "X11Forwarding yes", "Subsystem sftp /usr/lib/openssh/sftp-server", "UsePAM yes", "PrintMotd no",
        "AcceptEnv LANG LC_*", "PasswordAuthentication no", "PasswordAuthentication yes",
        "ChallengeResponseAuthentication no",
        "ForceCommand echo 'no shell'",
        "PermitTTY no", "ChrootDirectory /x", "PermitTunnel no", "GSSAPIAuthentication no", "KerberosAuthentication no",
        "Protocol 2", "Ciphers aes128-cbc,aes256-ctr", "SetEnv A=b",
    ])
    func whatHasNoMeaningHereIsReadAndWarnedAboutOnce(_ text: String) throws {
        let configuration = try ServerConfiguration.parsing("\n" + text)
        let warning = try #require(configuration.warnings.first)
        #expect(configuration.warnings.count == 1)
        #expect((warning.file, warning.line) == ("/etc/relay/config", 2))
    }

    @Test(arguments: [
        "Banner none", "UseDNS no", "UseDNS yes", "VersionAddendum none", "HostCertificate none", "HostKeyAgent none",
        "Banner /etc/issue",
        "AuthenticationMethods any",
        "AuthenticationMethods publickey", "RevokedKeys none", "TrustedUserCAKeys none", "ChannelTimeout none",
        "RequiredRSASize 2048", "PubkeyAuthOptions none", "PerSourcePenalties no", "RefuseConnection no", "# x",
    ])
    func whatTheRelayDoesAnywayIsReadWithoutAWord(_ text: String) throws {
        #expect(try ServerConfiguration.parsing(text).warnings == [])
    }

    @Test func noKeywordStandsInTheTableTwice() {
        let names = Keyword.all.map { $0.name.lowercased() }
        #expect(Set(names).count == names.count)
        #expect(Keyword.aliases.allSatisfy { names.contains($0.value) && !names.contains($0.key) })
    }

    @Test func anEmptyFileGivesOurDefaults() throws {
        let configuration = try ServerConfiguration.parsing("")
        #expect(configuration.loginGraceTime == .seconds(30))
        #expect(configuration.maxStartups == MaxStartups(start: 100, rate: 30, full: 1000))
        #expect(configuration.defaults.clientAliveInterval == .seconds(15))
        #expect(configuration.defaults.clientAliveCountMax == 3)
        #expect(configuration.defaults.authorizedKeysFiles == ["/etc/relay/authorized_keys/%u"])
        #expect(configuration.hostKeyFiles == HostKeys.defaults)
        #expect(configuration.ciphers == SupportedAlgorithms.forTests.ciphers)
        #expect(configuration.defaults.pubkeyAcceptedAlgorithms == SupportedAlgorithms.forTests.publicKeys)
        #expect(configuration.defaults.allowTCPForwarding == .all)
        #expect(configuration.defaults.$allowTCPForwarding.rule == nil)
    }

    @Test func listenEndpointsCombineAddressesAndPorts() throws {
        let both = try ServerConfiguration.parsing("Port 1\nPort 2\nAddressFamily inet")
        #expect(both.listenEndpoints == [.init(host: "0.0.0.0", port: 1), .init(host: "0.0.0.0", port: 2)])
        let some = try ServerConfiguration.parsing("ListenAddress a\nListenAddress [::1]:9\nPort 1")
        #expect(some.listenEndpoints == [.init(host: "a", port: 1), .init(host: "::1", port: 9)])
        #expect(try ServerConfiguration.parsing("").listenEndpoints.map(\.host) == ["0.0.0.0", "::"])
    }
}
