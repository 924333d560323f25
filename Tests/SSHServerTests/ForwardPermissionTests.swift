import SSHConfiguration
import Testing

@testable import SSHServer

struct ForwardPermissionTests {
    private let rule = Rule(file: "f", line: 1, text: "t")

    @Test(arguments: [
        ("8080", "localhost", 8080, true), ("8080", "", 8080, true), ("8080", "*", 8080, true),
        ("8080", "0.0.0.0", 8080, true),
        ("8080", "localhost", 8081, false), ("8080", "localhost", 0, false), ("*", "localhost", 0, true),
        ("*:*", "localhost", 0, true), ("localhost:*", "LOCALHOST", 1, true), ("LOCALHOST:*", "LOCALHOST", 1, false),
        ("localhost:8080", "127.0.0.1", 8080, false), ("localhost:8080", "", 8080, false),
        ("192.*:8080", "192.0.2.1", 8080, true),
        ("[::1]:8080", "::1", 8080, true), ("[::1]:8080", "[::1]", 8080, false), ("*.a:1", "x.a", 1, true),
        ("nuc:22", "nuc", 22, true),
        ("080", "a", 80, true), ("8080", "a", 65536 + 8080, false),
    ])
    func listeningMatchesTheHostAsAPattern(_ text: String, _ host: String, _ port: UInt32, _ expected: Bool) throws {
        let permission = try ForwardPermission(text, allowsBarePort: true, rule: self.rule)
        #expect(permission.permitsListening(host: host, port: port) == expected)
    }

    @Test(arguments: [
        ("localhost:80", "localhost", 80, true), ("localhost:80", "127.0.0.1", 80, false),
        ("localhost:80", "::1", 80, false),
        ("localhost:80", "0.0.0.0", 80, false), ("localhost:80", "0x7f000001", 80, false),
        ("localhost:80", "LOCALHOST", 80, false),
        ("localhost:80", "localhost.", 80, false), ("127.0.0.1:80", "::ffff:127.0.0.1", 80, false),
        ("127.0.0.1:80", "127.1", 80, false), ("local*:80", "localhost", 80, false), ("local*:80", "local*", 80, true),
        ("*:80", "anything", 80, true), ("*:80", "anything", 81, false), ("a:*", "a", 65535, true),
        ("[::1]:80", "::1", 80, true),
        ("[::1]:80", "0:0:0:0:0:0:0:1", 80, false), (":80", "", 80, true), ("\u{e9}:80", "e\u{301}", 80, false),
    ])
    func openingMatchesTheHostByteByByte(_ text: String, _ host: String, _ port: UInt32, _ expected: Bool) throws {
        let permission = try ForwardPermission(text, allowsBarePort: false, rule: self.rule)
        #expect(permission.permitsOpening(host: host, port: port) == expected)
    }

    @Test func aNameOfAThousandBytesAndMoreIsRefused() {
        let name = String(repeating: "a", count: 1025)
        #expect(throws: InvalidValue.self) {
            try ForwardPermission("\(name):1", allowsBarePort: false, rule: self.rule)
        }
    }
}
