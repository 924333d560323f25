import NIOCore
import SSHWire
import Testing

@testable import SSHProtocol

struct ReconnectHintTests {
    private func hints(of pair: EnginePair) -> [ReconnectHint] {
        pair.clientEvents.compactMap { event in
            guard case .globalRequest(.other(ReconnectHint.name, let data), nil) = event else { return nil }
            return try? ReconnectHint(data)
        }
    }

    @Test func aClientOfOursIsTold() throws {
        let pair = try EnginePair()
        try pair.logIn()
        #expect(try pair.server.sendReconnectHint(ReconnectHint(seconds: 9)))
        pair.run()
        #expect(self.hints(of: pair) == [ReconnectHint(seconds: 9)])
    }

    @Test(arguments: ["OpenSSH_9.2p1", "paramiko_2.12.0", "swiftrelay_0.1"])
    func anotherClientIsNot(_ version: String) throws {
        let pair = try EnginePair(client: { $0.softwareVersion = version })
        try pair.logIn()
        #expect(try !pair.server.sendReconnectHint(ReconnectHint(seconds: 9)))
        pair.run()
        #expect(self.hints(of: pair).isEmpty)
    }
}
