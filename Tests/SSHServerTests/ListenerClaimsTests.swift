import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import SSHServer

/// Whose turn it is for a port.
struct ListenerClaimsTests {
    private let claims = ListenerClaims()
    private let loop = EmbeddedEventLoop()
    private let turns = Turns()

    /// Those that have begun, with who has them.
    private final class Turns: Sendable {
        private let begun = Mutex<[(connection: UInt64, turn: ListenerClaims.Turn)]>([])

        var connections: [UInt64] { self.begun.withLock { $0.map(\.connection) } }

        func begin(_ connection: UInt64, _ turn: ListenerClaims.Turn) {
            self.begun.withLock { $0.append((connection, turn)) }
        }

        /// Lets go of the first, without a word.
        func dropFirst() {
            let dropped = self.begun.withLock { $0.removeFirst() }
            withExtendedLifetime(dropped) {}
        }

        func endFirst() {
            self.begun.withLock { $0.removeFirst() }.turn.end()
        }
    }

    @discardableResult
    private func claim(_ connection: UInt64, port: UInt16 = 80, account: String = "alice") -> [UInt64]? {
        let turns = self.turns
        let before = self.claims.claim(
            .port(port),
            for: FakeListenerHolder(connection, account: account),
            on: self.loop
        ) {
            turns.begin(connection, $0)
        }
        return before.map { $0.map(\.connection) }
    }

    @Test func theFirstHasItsTurnAtOnceAndTheOthersInTheirOrder() {
        #expect(self.claim(1) == [] && self.claim(2) == [1] && self.claim(3) == [1, 2])
        #expect(self.turns.connections == [1])
        self.turns.endFirst()
        self.loop.run()
        #expect(self.turns.connections == [2])
        self.turns.endFirst()
        self.loop.run()
        #expect(self.turns.connections == [3])
    }

    @Test func requestsOfOneConnectionGoTogether() {
        self.claim(1)
        self.claim(1)
        self.claim(2)
        #expect(self.turns.connections == [1, 1])
        self.turns.endFirst()
        self.loop.run()
        #expect(self.turns.connections == [1])
        self.turns.endFirst()
        self.loop.run()
        #expect(self.turns.connections == [2])
    }

    @Test func portsDoNotWaitForEachOther() {
        self.claim(1)
        #expect(self.claim(2, port: 81) == [])
        #expect(self.turns.connections == [1, 2])
    }

    @Test func aTurnThatNobodyHoldsIsOver() {
        self.claim(1)
        self.claim(2)
        self.turns.dropFirst()
        self.loop.run()
        #expect(self.turns.connections == [2])
    }

    @Test func anAccountsManyRequestsKeepNobodyElseFromWaiting() {
        for connection in 0..<UInt64(ListenerClaims.mostWaiting) { self.claim(connection) }
        #expect(self.claim(1000) == nil)
        #expect(self.claim(1001, account: "bob")?.count == ListenerClaims.mostWaiting)
    }
}
