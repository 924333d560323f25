import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

struct HeldHandshakeTests {
    @Test func nothingIsLookedAtWhileTheServerIsHeld() throws {
        let pair = try EnginePair()
        pair.server.isHeld = true
        pair.run()
        let (isWaiting, hasUnread) = (pair.server.isAwaitingDecision, pair.server.hasUnreadBytes)
        #expect(isWaiting && hasUnread)
        #expect(pair.serverEvents.isEmpty)
        pair.server.isHeld = false
        try pair.logIn()
        #expect(pair.serverIsAuthenticated)
    }

    @Test func whoIsNotServedReadsSshdsLineAndTheReasonInADisconnect() throws {
        let configuration = EngineConfiguration(role: .server)
        var client = try Engine(
            configuration: EngineConfiguration(role: .client),
            random: SeededRandom(seed: 1),
            now: .uptimeNanoseconds(0)
        )
        client.receive(
            configuration.refusal("Not allowed at this time", because: "too many"),
            now: .uptimeNanoseconds(0)
        )
        var lines: [String] = []
        let error = #expect(throws: SSHError.self) {
            while let event = try client.nextEvent(now: .uptimeNanoseconds(0)) {
                if case .lineBeforeIdentification(let line, _) = event { lines.append(line) }
            }
        }
        #expect(lines == ["Not allowed at this time"])
        #expect(error?.code == .disconnectedByPeer)
        #expect(error?.reason == "12: Not allowed at this time: too many")
    }
}
