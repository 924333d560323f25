import Testing

@testable import SSHServer

struct ClientNameLookupTests {
    private static func look(_ address: String, name: String?, _ addresses: [String]?) -> ClientNameLookup.Answer {
        ClientNameLookup(name: { _ in name }, addresses: { _ in addresses }).look(address)
    }

    @Test func aNameThatLeadsBackIsConfirmedInLowerCase() {
        #expect(Self.look("192.0.2.7", name: "A.Example", ["198.51.100.1", "192.0.2.7"]) == .confirmed("a.example"))
        #expect(Self.look("2001:db8::7", name: "a.example", ["2001:0db8:0::7"]) == .confirmed("a.example"))
        #expect(Self.look("::ffff:192.0.2.7", name: "a.example", ["192.0.2.7"]) == .confirmed("a.example"))
    }

    @Test func noNameIsNoAnswer() {
        #expect(Self.look("192.0.2.7", name: nil, ["192.0.2.7"]) == .unnamed)
        #expect(Self.look("UNKNOWN", name: "a.example", ["192.0.2.7"]) == .unnamed)
    }

    @Test func aNameThatDoesNotLeadBackIsNotBelieved() {
        #expect(
            Self.look("192.0.2.7", name: "a.example", ["192.0.2.8"])
                == .doubtful("Address 192.0.2.7 maps to a.example, but this does not map back to the address.")
        )
        #expect(
            Self.look("192.0.2.7", name: "a.example", nil)
                == .doubtful("reverse mapping checking getaddrinfo for a.example [192.0.2.7] failed.")
        )
    }

    @Test(arguments: ["192.0.2.9", "::1", "a b", "a\nb", "", "*.example", "a,b", "a@b", "ü.example"])
    func aNameThatIsNoneIsNotBelieved(name: String) {
        guard case .doubtful = Self.look("192.0.2.7", name: name, ["192.0.2.7"]) else {
            Issue.record("\(name) is no host's name")
            return
        }
    }

    @Test func theSystemKnowsItsOwnAddress() throws {
        #expect(try ClientNameLookup.system.addresses("127.0.0.1") == ["127.0.0.1"])
        #expect(try ClientNameLookup.system.name("no address") == nil)
    }
}
