import NIOCore
import Testing

@testable import SSHServer

struct OwnDoorsTests {
    private func doors(_ addresses: String...) throws -> OwnDoors {
        let doors = OwnDoors()
        doors.follow(try addresses.map { try SocketAddress(ipAddress: $0, port: 2222) })
        return doors
    }

    @Test(arguments: ["127.0.0.1", "127.0.0.9", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1", "localhost"])
    func aWildcardIsOnEveryAddressOfThisMachine(host: String) throws {
        #expect(try self.doors("0.0.0.0").leadsHere(host: host, port: 2222))
        #expect(try !self.doors("0.0.0.0").leadsHere(host: host, port: 2223))
    }

    @Test func anAddressIsItselfAlone() throws {
        let doors = try self.doors("192.0.2.1", "2001:db8::1")
        #expect(doors.leadsHere(host: "192.0.2.1", port: 2222))
        #expect(doors.leadsHere(host: "::ffff:192.0.2.1", port: 2222))
        #expect(doors.leadsHere(host: "2001:db8:0::1", port: 2222))
        #expect(!doors.leadsHere(host: "127.0.0.1", port: 2222))
        #expect(!doors.leadsHere(host: "localhost", port: 2222))
        #expect(!doors.leadsHere(host: "192.0.2.2", port: 2222))
    }

    @Test func theyFollowTheConfiguration() throws {
        let doors = try self.doors("127.0.0.1")
        #expect(doors.has(port: 2222) && !doors.has(port: 22) && !doors.has(port: 65536 + 2222))
        doors.follow([])
        #expect(!doors.has(port: 2222))
    }
}
