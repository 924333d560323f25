import Glibc
import SSHWire
import Testing

@testable import SSHServer

struct InheritedSocketTests {
    private static func find(_ variables: [String: String], first: Int32 = 3) throws -> [InheritedSocket] {
        try InheritedSocket.find(environment: { variables[$0] }, processID: 42, first: first)
    }

    @Test(arguments: [
        [:], ["LISTEN_FDS": "1"], ["LISTEN_FDS": "1", "LISTEN_PID": "41"], ["LISTEN_FDS": "0", "LISTEN_PID": "42"],
        ["LISTEN_FDS": "-1", "LISTEN_PID": "42"], ["LISTEN_FDS": "1025", "LISTEN_PID": "42"],
        ["LISTEN_FDS": "99999999999", "LISTEN_PID": "42"], ["LISTEN_FDS": "x", "LISTEN_PID": "42"],
        ["LISTEN_FDS": "1", "LISTEN_PID": "x"],
    ])
    func socketsOfNobodyOrOfAnotherProcessAreLeftAlone(_ variables: [String: String]) throws {
        #expect(try Self.find(variables) == [])
    }

    @Test(arguments: [AF_INET, AF_INET6])
    func aListeningSocketIsTakenAndKeptFromChildren(_ family: Int32) throws {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        #expect(listen(descriptor, 1) == 0)
        let variables = ["LISTEN_FDS": "1", "LISTEN_PID": "42", "LISTEN_FDNAMES": "relay.socket"]
        let sockets = try Self.find(variables, first: descriptor)
        #expect(sockets.map(\.descriptor) == [descriptor])
        #expect(sockets.map(\.name) == ["relay.socket"])
        #expect(sockets.map(\.isIPv6) == [family == AF_INET6])
        #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC == FD_CLOEXEC)
    }

    @Test func whatCannotAcceptConnectionsIsAnErrorOfTheUnit() {
        var pair: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        let connected = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let datagrams = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { for descriptor in pair + [connected, datagrams] { close(descriptor) } }
        for descriptor in [pair[0], connected, datagrams, 1_000_000] {
            let error = #expect(throws: SSHError.self) {
                try Self.find(["LISTEN_FDS": "1", "LISTEN_PID": "42"], first: descriptor)
            }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.reason.contains("\(descriptor)") == true)
        }
    }
}
