import NIOCore
import Testing

@testable import SSHSystem

struct FairScheduleTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private static func asker(_ source: String) -> FairThreads.Asker { FairThreads.Asker(source: source) }

    private static func work(_ asker: FairThreads.Asker, _ account: String = "alice") -> FairSchedule.Work {
        FairSchedule.Work(asker: asker, account: account) {}
    }

    private static func schedule(_ change: (inout FairThreads.Limits) -> Void) -> FairSchedule {
        var limits = FairThreads.Limits()
        change(&limits)
        return FairSchedule(limits)
    }

    private static func append(_ work: FairSchedule.Work, to schedule: inout FairSchedule, isTaken: Bool = true) {
        let taken = schedule.append(work)
        #expect(taken == isTaken)
    }

    private static func expect(_ count: Int, toBeginAt time: NIODeadline, in schedule: inout FairSchedule) {
        let begun = schedule.begin(now: time).count
        #expect(begun == count)
    }

    /// Begins one after the other, each ending at once, and names their accounts.
    private static func order(_ schedule: inout FairSchedule) -> [String] {
        var order: [String] = []
        while let (number, work) = schedule.begin(now: Self.start).first {
            order.append(work.account)
            schedule.end(number)
        }
        return order
    }

    @Test func sourcesAndTheirAccountsTakeTurns() {
        var schedule = Self.schedule { $0.running = 1 }
        let (many, one) = (Self.asker("192.0.2.1"), Self.asker("192.0.2.2"))
        for account in ["a", "a", "a", "b"] { Self.append(Self.work(many, account), to: &schedule) }
        Self.append(Self.work(one, "c"), to: &schedule)
        let order = Self.order(&schedule)
        #expect(order == ["a", "c", "b", "a", "a"])
    }

    @Test func neitherASourceNorAnAccountHasAllThreads() {
        var schedule = Self.schedule { ($0.running, $0.ofSource, $0.ofAccount) = (8, 3, 2) }
        let asker = Self.asker("192.0.2.1")
        for _ in 0..<8 { Self.append(Self.work(asker), to: &schedule) }
        Self.expect(2, toBeginAt: Self.start, in: &schedule)
        for number in 0..<8 { Self.append(Self.work(asker, "user \(number)"), to: &schedule) }
        Self.expect(1, toBeginAt: Self.start, in: &schedule)
        Self.append(Self.work(Self.asker("192.0.2.2"), "bob"), to: &schedule)
        Self.expect(1, toBeginAt: Self.start, in: &schedule)
    }

    @Test func whatIsStuckTakesNoThreadFromTheOthers() throws {
        var schedule = Self.schedule { ($0.running, $0.ofSource, $0.ofAccount) = (2, 2, 2) }
        let (asker, other) = (Self.asker("192.0.2.1"), Self.asker("192.0.2.2"))
        for _ in 0..<3 { Self.append(Self.work(asker, "hung"), to: &schedule) }
        let stuck = schedule.begin(now: Self.start)
        #expect(stuck.count == 2)
        Self.append(Self.work(asker, "alice"), to: &schedule)
        Self.append(Self.work(other, "bob"), to: &schedule)
        Self.expect(0, toBeginAt: Self.start + .milliseconds(999), in: &schedule)
        // Of the account for which it hangs, nothing more begins; of the same source it does.
        let later = Self.start + .seconds(1)
        let others = schedule.begin(now: later).map(\.work.account).sorted()
        #expect(others == ["alice", "bob"])
        for (number, _) in stuck { schedule.end(number) }
        Self.expect(0, toBeginAt: later, in: &schedule)
        Self.append(Self.work(other, "carol"), to: &schedule)
    }

    @Test func anAccountGoesOnWhenItIsNotStuckAnyMore() {
        var schedule = Self.schedule { $0.ofAccount = 1 }
        let asker = Self.asker("192.0.2.1")
        for _ in 0..<2 { Self.append(Self.work(asker, "hung"), to: &schedule) }
        let stuck = schedule.begin(now: Self.start)
        let later = Self.start + .seconds(9)
        Self.expect(0, toBeginAt: later, in: &schedule)
        for (number, _) in stuck { schedule.end(number) }
        Self.expect(1, toBeginAt: later, in: &schedule)
    }

    @Test func thereAreNoMoreThreadsThanMayBe() {
        var schedule = Self.schedule { ($0.running, $0.threads, $0.ofAccount) = (2, 4, 1) }
        for number in 0..<9 {
            Self.append(Self.work(Self.asker("192.0.2.\(number)"), "user \(number)"), to: &schedule)
        }
        Self.expect(2, toBeginAt: Self.start, in: &schedule)
        Self.expect(2, toBeginAt: Self.start + .seconds(1), in: &schedule)
        Self.expect(0, toBeginAt: Self.start + .seconds(2), in: &schedule)
    }

    @Test func whatWaitsForSomebodyWhoHasLeftIsNotBegun() {
        var schedule = Self.schedule { $0.running = 1 }
        let (gone, stays) = (Self.asker("192.0.2.1"), Self.asker("192.0.2.1"))
        for account in ["a", "b", "a"] { Self.append(Self.work(gone, account), to: &schedule) }
        Self.append(Self.work(stays, "a"), to: &schedule)
        Self.append(Self.work(stays, "c"), to: &schedule)
        let removed = [schedule.remove(of: gone).count, schedule.remove(of: gone).count]
        #expect(removed == [3, 0])
        let first = Self.order(&schedule)
        #expect(first == ["a", "c"])
        Self.append(Self.work(stays, "d"), to: &schedule)
        let last = Self.order(&schedule)
        #expect(last == ["d"])
    }

    @Test func ofOneSourceNoMoreWaitsThanMay() {
        var schedule = Self.schedule { $0.waitingOfSource = 2 }
        let asker = Self.asker("192.0.2.1")
        Self.append(Self.work(asker), to: &schedule)
        Self.append(Self.work(asker), to: &schedule)
        Self.append(Self.work(asker), to: &schedule, isTaken: false)
        Self.append(Self.work(Self.asker("192.0.2.2"), "bob"), to: &schedule)
        Self.expect(3, toBeginAt: Self.start, in: &schedule)
        Self.append(Self.work(asker), to: &schedule)
    }
}
