import Testing

@testable import SSHConfiguration

struct AddressInFileTests {
    @Test(arguments: [
        "127.0.0.1", "127.1", "127.0.1", "0x7f000001", "0X7F.1", "2130706433", "0177.0.0.01", "017700000001",
    ])
    func oldFormsAreAddressesAsInSshd(_ text: String) {
        #expect(IPAddress(inFile: text) == IPAddress("127.0.0.1"))
    }

    @Test(arguments: [
        "", ".", "127.", ".127", "1.2.3.4.5", "256.1", "1.16777216", "1.2.65536", "1.2.3.256", "4294967296", "08", "0x",
        "0xg", "+1", "-1", "1 ", " 1", "a", "127.0.0.*", "99999999999999999999", "1..2",
    ])
    func whatSshdTakesForANameIsNoAddress(_ text: String) {
        #expect(IPAddress(inFile: text) == nil)
    }

    /// A pattern would never match the address, and so let in whom the file keeps out.
    @Test func aNegatedOldFormRefuses() throws {
        let list = try HostPatternList("!127.1,*")
        #expect(!list.matches(host: "127.0.0.1", address: "127.0.0.1"))
        #expect(list.matches(host: "127.0.0.2", address: "127.0.0.2"))
    }

    @Test func whatAClientAsksForHasOnlyTheCanonicalForm() {
        #expect(IPAddress("127.1") == nil)
    }
}
