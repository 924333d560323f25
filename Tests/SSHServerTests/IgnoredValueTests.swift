import Testing

@testable import SSHServer

/// Each of these was put to sshd 9.2.
struct IgnoredValueTests {
    @Test(arguments: [
        "X11Forwarding YES", "PermitRootLogin without-password", "PermitTunnel ethernet", "IgnoreRhosts shosts-only",
        "Compression delayed", "FingerprintHash sha1", "IPQoS af11 CS7", "IPQoS 0x10", "IPQoS 255", "IPQoS le none",
        "X11DisplayOffset 10", "AcceptEnv LANG LC_*", "SetEnv A=b C=", "Subsystem sftp internal-sftp -l INFO",
        "PermitUserEnvironment LANG,LC_*",
        "GSSAPIKexAlgorithms gss-a,gss-b", "Protocol 1 2 3", "AuthenticationMethods any",
        "AuthenticationMethods publickey publickey",
    ])
    func valuesThatSshdTakesAreTaken(_ text: String) throws {
        _ = try ServerConfiguration.parsing(text)
    }

    @Test(arguments: [
        ("X11Forwarding maybe", "maybe"), ("PermitTTY yes no", "no"), ("PermitRootLogin never", "never"),
        ("IPQoS af14", "af14"), ("IPQoS af1", "af1"), ("IPQoS cs8", "cs8"), ("IPQoS 256", "256"), ("IPQoS -1", "-1"),
        ("IPQoS ef ef le", "le"), ("X11DisplayOffset -1", "-1"), ("X11DisplayOffset x", "x"),
        ("AcceptEnv A B=c", "B=c"),
        ("SetEnv A=b C", "C"), ("SetEnv A=b =c", "=c"), ("Subsystem sftp", "sftp"),
        ("ChrootDirectory /a /b", "/b"),
        ("GSSAPIKexAlgorithms gss-a,b", "gss-a,b"), ("AuthenticationMethods any publickey", "any publickey"),
        ("AuthenticationMethods any any", "any any"), ("AuthenticationMethods ANY", "ANY"),
    ])
    func valuesThatSshdRefusesAreNamedWithWhatWasExpected(_ text: String, _ wrong: String) throws {
        let reason = try #require(ServerConfiguration.refusal("\n" + text))
        let keyword = try #require(text.split(separator: " ").first)
        #expect(reason.hasPrefix("/etc/relay/config line 2: \(keyword): \"\(wrong)\" is "))
        #expect(reason.contains(", expected "))
    }
}
