import SSHProtocol
import Testing

@testable import SSHForwarding

struct TunnelReadsTests {
    private let budget = ResourceBudget(limit: 1024 * 1024 * 1024)

    private func share() -> ResourceShare { ResourceShare(self.budget.account(named: "a")) }

    @Test func aSocketThatFillsItsReadsGetsLargerOnesOutOfTheShare() {
        var reads = TunnelReads()
        let share = self.share()
        #expect(reads.read(1_000, allowsLarge: true, share: share) == nil && share.held == 0)
        #expect(reads.read(16 * 1024, allowsLarge: true, share: share) == .busy)
        #expect(share.held == 240 * 1024)
        #expect(reads.read(256 * 1024, allowsLarge: true, share: share) == .large)
        #expect(share.held == 1008 * 1024)
    }

    @Test func besideAConversationLittleIsReadAtATime() {
        var reads = TunnelReads()
        let share = self.share()
        #expect(reads.read(16 * 1024, allowsLarge: false, share: share) == .busy)
        #expect(reads.read(256 * 1024, allowsLarge: false, share: share) == nil)
        #expect(reads.read(256 * 1024, allowsLarge: true, share: share) == .large)
        #expect(reads.read(1024 * 1024, allowsLarge: false, share: share) == .busy)
        #expect(share.held == 240 * 1024)
    }

    @Test func aSocketThatBecomesQuietGivesBackWhatItHad() {
        var reads = TunnelReads()
        let share = self.share()
        _ = reads.read(16 * 1024, allowsLarge: true, share: share)
        let changes = (0..<200).compactMap { _ in reads.read(100, allowsLarge: true, share: share) }
        #expect(changes == [.quiet] && share.held == 0)
        _ = reads.read(16 * 1024, allowsLarge: true, share: share)
        #expect(reads.idle(share: share) == .quiet && share.held == 0)
    }

    @Test func withoutRoomReadsStaySmall() {
        var reads = TunnelReads()
        let share = ResourceShare(ResourceBudget(limit: 0).account(named: "a"))
        #expect(reads.read(16 * 1024, allowsLarge: true, share: share) == nil && reads.size == .quiet)
    }
}
