import Testing

@testable import SSHServer

struct BindAddressTests {
    private static let loopbacks: [BindAddress] = [.loopback4, .loopback6]
    private static let wildcards: [BindAddress] = [.wildcard4, .wildcard6]

    @Test(arguments: [
        ("localhost", Self.loopbacks, Self.loopbacks), ("127.0.0.1", [.loopback4], [.loopback4]),
        ("::1", [.loopback6], [.loopback6]), ("*", Self.loopbacks, Self.wildcards),
        ("", Self.loopbacks, Self.wildcards),
        ("0.0.0.0", Self.loopbacks, [.wildcard4]), ("::", Self.loopbacks, [.wildcard6]),
        ("192.0.2.7", Self.loopbacks, [.address("192.0.2.7")]), ("nuc", Self.loopbacks, [.address("nuc")]),
    ])
    func gatewayPortsDecidesWhatIsBound(_ host: String, _ no: [BindAddress], _ clientSpecified: [BindAddress]) {
        #expect(GatewayPorts.no.bindAddresses(requested: host, family: .any) == no)
        #expect(GatewayPorts.yes.bindAddresses(requested: host, family: .any) == Self.wildcards)
        #expect(GatewayPorts.clientSpecified.bindAddresses(requested: host, family: .any) == clientSpecified)
    }

    @Test func addressFamilyLeavesTheOtherFamilyOut() {
        #expect(GatewayPorts.no.bindAddresses(requested: "localhost", family: .inet) == [.loopback4])
        #expect(GatewayPorts.no.bindAddresses(requested: "::1", family: .inet) == [])
        #expect(GatewayPorts.yes.bindAddresses(requested: "", family: .inet6) == [.wildcard6])
        #expect(GatewayPorts.clientSpecified.bindAddresses(requested: "192.0.2.7", family: .inet6) == [])
        #expect(GatewayPorts.clientSpecified.bindAddresses(requested: "2001:db8::1", family: .inet) == [])
    }
}
