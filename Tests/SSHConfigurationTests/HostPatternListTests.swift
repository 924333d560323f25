import Testing

@testable import SSHConfiguration

struct HostPatternListTests {
    @Test(arguments: [
        ("192.0.2.7", true), ("192.0.2.0/24", true), ("192.0.2.*", true), ("10.0.0.0/8", false), ("0.0.0.0/0", true),
        ("::/0", false), ("192.0.2.7/32", true), ("!192.0.2.7,*", false), ("*,!192.0.2.0/24", false),
        ("!10.0.0.0/8", false),
        ("*.example", true), ("!*.example,192.0.2.7", false), ("192.0.2.7,!*.example", false), ("GATE.EXAMPLE", true),
        ("0xc0000207", true), ("192.0.2.07", true), ("::ffff:192.0.2.7", false),
    ])
    func addressesAndNamesMatchAsInFrom(_ list: String, _ expected: Bool) throws {
        #expect(try HostPatternList(list).matches(host: "Gate.example", address: "192.0.2.7") == expected)
    }

    @Test(arguments: [
        "192.0.2.1/24", "192.0.2.0/33", "a,,b", "", "!", "2001:db8::1/64", "10/8", "1.2.3.4/", "1.2.3.4/-1",
    ])
    func anImpossibleListIsRefused(_ list: String) {
        #expect(throws: InvalidValue.self) { try HostPatternList(list) }
    }

    @Test(arguments: [
        ("2001:db8::/32", "2001:db8::5", true), ("2001:db8::/33", "2001:db8:8000::", false), ("::1", "0:0::1", true),
        ("fe80::/10", "fe80::1%eth0", false), ("192.0.2.0/24", "::ffff:192.0.2.9", true), ("::1", "UNKNOWN", false),
    ])
    func addressesAreComparedAsNumbers(_ list: String, _ address: String, _ expected: Bool) throws {
        #expect(try HostPatternList(list).matches(host: address, address: address) == expected)
    }
}
