import NIOCore
import SSHWire
import Testing

@testable import SSHForwarding

/// Which request an agent is asked, without agent and clock.
struct AgentRequestsTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private static let identities = ByteBuffer(bytes: [0, 0, 0, 5, 12, 0, 0, 0, 0])
    private static let failure = ByteBuffer(bytes: [0, 0, 0, 1, 5])

    private final class Wish {
        var isWanted = true
    }

    private func entry(_ id: UInt64, isUrgent: Bool = false, seconds: Int64 = 10, wish: Wish? = nil)
        -> AgentRequests.Entry
    {
        AgentRequests.Entry(
            id: id,
            request: .identities,
            deadline: Self.start + .seconds(seconds),
            isUrgent: isUrgent,
            isWanted: { wish?.isWanted ?? true }
        )
    }

    /// One word for each action.
    private func words(_ actions: [AgentRequests.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .connect: "connect"
            case .write: "write"
            case .close: "close"
            case .finish(let id, .success(.failure)): "\(id) refused"
            case .finish(let id, .success): "\(id) done"
            case .finish(let id, .failure(let error)): "\(id) \(error.code)"
            }
        }
    }

    @Test func oneIsAskedAtATimeAndTheUrgentFirst() {
        var requests = AgentRequests()
        #expect(self.words(requests.append(self.entry(1))) == ["connect"])
        #expect(self.words(requests.append(self.entry(2))) == [])
        #expect(self.words(requests.connected()) == ["write"])
        #expect(self.words(requests.append(self.entry(3, isUrgent: true))) == [])
        #expect(self.words(requests.received(Self.identities)) == ["1 done", "write"])
        #expect(self.words(requests.received(Self.failure)) == ["3 refused", "write"])
        #expect(self.words(requests.received(Self.identities)) == ["2 done"])
        #expect(self.words(requests.append(self.entry(4))) == ["write"])
    }

    @Test func withoutAnAgentAllFailAtOnceAndTheNextTriesAgain() {
        var requests = AgentRequests()
        _ = requests.append(self.entry(1))
        _ = requests.append(self.entry(2, isUrgent: true))
        #expect(self.words(requests.connectingFailed("no")) == ["2 agentUnreachable", "1 agentUnreachable"])
        #expect(self.words(requests.append(self.entry(3))) == ["connect"])
    }

    @Test func whatWasAskedOverALostConnectionIsAskedOnceMore() {
        var requests = AgentRequests()
        _ = requests.append(self.entry(1))
        _ = requests.append(self.entry(2))
        _ = requests.connected()
        #expect(self.words(requests.disconnected()) == ["connect"])
        #expect(self.words(requests.connected()) == ["write"])
        #expect(self.words(requests.disconnected()) == ["1 agentFailed", "connect"])
        #expect(self.words(requests.connected()) == ["write"])
        #expect(self.words(requests.received(Self.identities)) == ["2 done"])
        #expect(self.words(requests.disconnected()) == [])
        #expect(self.words(requests.append(self.entry(3))) == ["connect"])
    }

    /// The late answer would be taken for the next one's.
    @Test func aLateAnswerHasNoConnectionToComeOver() {
        var requests = AgentRequests()
        _ = requests.append(self.entry(1))
        _ = requests.connected()
        _ = requests.append(self.entry(2, seconds: 20))
        #expect(requests.nextDeadline == Self.start + .seconds(10))
        #expect(self.words(requests.advance(now: Self.start + .seconds(9))) == [])
        #expect(self.words(requests.advance(now: Self.start + .seconds(10))) == ["close", "1 agentFailed", "connect"])
        #expect(requests.nextDeadline == Self.start + .seconds(20))
        #expect(self.words(requests.advance(now: Self.start + .seconds(20))) == ["2 agentFailed"])
        #expect(requests.nextDeadline == nil)
        #expect(self.words(requests.connected()) == [])
    }

    @Test func waitingCountsToo() {
        var requests = AgentRequests()
        _ = requests.append(self.entry(1, seconds: 30))
        _ = requests.connected()
        for id in 2...4 as ClosedRange<UInt64> { _ = requests.append(self.entry(id, isUrgent: id == 3, seconds: 10)) }
        let actions = self.words(requests.advance(now: Self.start + .seconds(10)))
        #expect(actions == ["3 agentFailed", "2 agentFailed", "4 agentFailed"])
        #expect(self.words(requests.received(Self.identities)) == ["1 done"])
    }

    @Test func nobodyIsAskedForWhoeverIsGone() {
        var requests = AgentRequests()
        let wish = Wish()
        _ = requests.append(self.entry(1))
        _ = requests.connected()
        _ = requests.append(self.entry(2, wish: wish))
        _ = requests.append(self.entry(3))
        wish.isWanted = false
        #expect(self.words(requests.received(Self.identities)) == ["1 done", "2 agentFailed", "write"])
        #expect(self.words(requests.received(Self.identities)) == ["3 done"])
        var unconnected = AgentRequests()
        #expect(self.words(unconnected.append(self.entry(4, wish: wish))) == ["4 agentFailed"])
    }

    @Test(
        arguments: [
            [0, 0, 0, 0], [0, 4, 0, 1], [0xff, 0xff, 0xff, 0xff], [0, 0, 0, 1, 6],
            [0, 0, 0, 5, 12, 0xff, 0xff, 0xff, 0xff],
            // Twice.
            [0, 0, 0, 1, 5, 0, 0, 0, 1, 5],
        ] as [[UInt8]]
    )
    func nonsenseCostsTheConnectionAndNothingElse(_ bytes: [UInt8]) {
        var requests = AgentRequests()
        _ = requests.append(self.entry(1))
        _ = requests.append(self.entry(2))
        _ = requests.connected()
        #expect(self.words(requests.received(ByteBuffer(bytes: bytes))) == ["close", "1 agentFailed", "connect"])
        _ = requests.connected()
        #expect(self.words(requests.received(Self.identities)) == ["2 done"])
        #expect(self.words(requests.received(Self.identities)) == ["close"])
    }

    @Test func soManyMayWaitAndNoMore() {
        var requests = AgentRequests()
        for id in 0..<UInt64(AgentRequests.mostWaiting) { _ = requests.append(self.entry(id)) }
        #expect(self.words(requests.append(self.entry(9999))) == ["9999 agentFailed"])
        #expect(requests.waitingCount == AgentRequests.mostWaiting)
    }

    @Test func atTheEndNobodyIsLeftWaiting() {
        var requests = AgentRequests()
        for id in 1...3 as ClosedRange<UInt64> { _ = requests.append(self.entry(id)) }
        _ = requests.connected()
        #expect(self.words(requests.close()) == ["close", "2 agentFailed", "3 agentFailed", "1 agentFailed"])
    }
}
