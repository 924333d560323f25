import SSHClient
import SSHWire
import Testing

@Suite struct ForwardSpecificationTests {
    private static func port(_ address: ForwardBindAddress, _ port: UInt16) -> ListenEndpoint { .port(address, port) }

    static let local: [(String, ListenEndpoint, ForwardTarget)] = [
        ("8080:host:80", port(.unspecified, 8080), .host("host", port: 80)),
        ("127.0.0.1:8080:host:80", port(.address("127.0.0.1"), 8080), .host("host", port: 80)),
        (":8080:host:80", port(.wildcard(""), 8080), .host("host", port: 80)),
        ("*:8080:host:80", port(.wildcard("*"), 8080), .host("host", port: 80)),
        ("[::1]:8080:[2001:db8::1]:80", port(.address("::1"), 8080), .host("2001:db8::1", port: 80)),
        ("[*]:1:h:2", port(.wildcard("*"), 1), .host("h", port: 2)),
        ("8080:/run/app.sock", port(.unspecified, 8080), .path("/run/app.sock")),
        ("localhost:8080:/run/app.sock", port(.address("localhost"), 8080), .path("/run/app.sock")),
        ("/tmp/in.sock:host:80", .path("/tmp/in.sock"), .host("host", port: 80)),
        ("/tmp/in.sock:/tmp/out.sock", .path("/tmp/in.sock"), .path("/tmp/out.sock")),
        ("8080:host:http", port(.unspecified, 8080), .host("host", port: 80)),
        ("  8080:host:80", port(.unspecified, 8080), .host("host", port: 80)),
        ("/tmp/a\\:b:host:80", .path("/tmp/a:b"), .host("host", port: 80)),
    ]

    @Test(arguments: local)
    func everyFormOfALocalForwardIsUnderstood(text: String, listen: ListenEndpoint, target: ForwardTarget) throws {
        let forward = try ForwardSpecification(local: text)
        #expect(forward == ForwardSpecification(listen: listen, target: target))
    }

    @Test(arguments: ["0:host:22", "8080", "[::1]:8080", "*:0", "nuc:22:localhost:22", "/tmp/s", "1:/tmp/s"])
    func aRemoteForwardMayLeaveThePortOpenOrBeASOCKSProxy(text: String) throws {
        let forward = try ForwardSpecification(remote: text)
        #expect(forward.description == text)
    }

    @Test(arguments: [
        "", "80", "0:host:80", "8080:host:0", "65536:host:80", "8080:host:65536", "-1:host:80", "8080:host:-1", "a:b:c",
        "1:2:3:4:5", "[::1:80:host:80", "[::1]x:80:host:80", "::1:80:host:80", "8080:host:", "8080:host:80:x:",
        "+1:h:2",
        "/tmp/a", "99999999999999999999:h:1", "8080 :host:80", "8080:host:80 ", "\\", "8080\0:host:80",
    ])
    func anythingElseIsRefusedWithTheTextInTheMessage(text: String) throws {
        let error = try #require(throws: SSHError.self) { try ForwardSpecification(local: text) }
        #expect(error.code == .invalidConfiguration)
        #expect(error.reason == "Bad local forwarding specification '\(text)'")
    }

    @Test(arguments: [
        ("1080", "1080"), ("*:1080", "*:1080"), ("[::1]:1080", "[::1]:1080"), ("localhost:1080", "localhost:1080"),
    ])
    func aDynamicForwardIsABindAddressAndAPort(text: String, description: String) throws {
        let forward = try ForwardSpecification(dynamic: text)
        #expect(forward.target == .socks)
        #expect(forward.description == description)
    }

    @Test(arguments: ["0", "1:2:3", "x", "1080:/x", ""])
    func aDynamicForwardHasNoTarget(text: String) {
        #expect(throws: SSHError.self) { try ForwardSpecification(dynamic: text) }
    }

    @Test(arguments: local)
    func descriptionsReadBackAsTheSameForward(text: String, listen: ListenEndpoint, target: ForwardTarget) throws {
        guard !text.contains("\\") else { return }
        let forward = try ForwardSpecification(local: text)
        #expect(try ForwardSpecification(local: forward.description) == forward)
    }

    @Test func bindAddressesGoOntoTheWireAsSSHSendsThem() {
        #expect(ForwardBindAddress.unspecified.requestedAddress == "localhost")
        #expect(ForwardBindAddress.wildcard("*").requestedAddress == "")
        #expect(ForwardBindAddress.wildcard("").requestedAddress == "")
        #expect(ForwardBindAddress.address("nuc").requestedAddress == "nuc")
    }

    @Test func listenersBindToLoopbackUnlessToldOtherwise() {
        #expect(ForwardBindAddress.unspecified.localBinding(gatewayPorts: false) == .loopback)
        #expect(ForwardBindAddress.unspecified.localBinding(gatewayPorts: true) == .everyAddress)
        #expect(ForwardBindAddress.wildcard("*").localBinding(gatewayPorts: false) == .everyAddress)
        #expect(ForwardBindAddress.address("localhost").localBinding(gatewayPorts: true) == .loopback)
        #expect(ForwardBindAddress.address("192.0.2.7").localBinding(gatewayPorts: false) == .address("192.0.2.7"))
    }

    @Test func standardInputForwardsNeedAHostAndAPort() throws {
        #expect(try ForwardTarget(standardInputForward: "host:22") == .host("host", port: 22))
        #expect(try ForwardTarget(standardInputForward: "[::1]:22") == .host("::1", port: 22))
        for text in ["22", "host", "*:22", ":22", "host:0", "a:b:c", ""] {
            #expect(throws: SSHError.self) { try ForwardTarget(standardInputForward: text) }
        }
    }
}
