import Synchronization
import Testing

@testable import SSHForwarding

struct AcceptedConnectionsTests {
    @Test func noneIsAcceptedBeyondTheLimitUntilHalfOfThemHaveBegun() {
        let connections = AcceptedConnections(limit: 4)
        let resumed = Atomic<Int>(0)
        let admits = {
            connections.admitsAnother { resumed.wrappingAdd(1, ordering: .relaxed) }
        }
        for _ in 0..<4 {
            #expect(admits())
            connections.accepted()
        }
        #expect(!admits())
        connections.begun()
        #expect(resumed.load(ordering: .relaxed) == 0)
        connections.begun()
        #expect(resumed.load(ordering: .relaxed) == 1)
        #expect(admits())
        connections.begun()
        #expect(resumed.load(ordering: .relaxed) == 1)
    }
}
