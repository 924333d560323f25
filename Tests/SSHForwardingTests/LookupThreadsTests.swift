import Foundation
import Synchronization
import Testing

@testable import SSHForwarding

struct LookupThreadsTests {
    private static let (greedy, other) = (LookupAsker([1]), LookupAsker([2]))

    @Test func whoAsksForManyWaitsBehindHimself() async {
        let threads = LookupThreads(count: 3, mostOfOne: 2)
        let door = DispatchSemaphore(value: 0)
        let opened = Mutex(0)
        for _ in 0..<10 {
            threads.submit(for: Self.greedy) {
                door.wait()
                opened.withLock { $0 += 1 }
            }
        }
        // Would never come if the first ten had all three threads.
        await withCheckedContinuation { answer in threads.submit(for: Self.other) { answer.resume() } }
        await withCheckedContinuation { answer in threads.submit(for: nil) { answer.resume() } }
        #expect(opened.withLock { $0 } == 0)
        for _ in 0..<10 { door.signal() }
        await withCheckedContinuation { answer in threads.submit(for: Self.greedy) { answer.resume() } }
        // The last question came after all others; one of those may still be on the other thread.
        #expect(opened.withLock { $0 } >= 9)
    }

    @Test func nobodyIsRememberedWhoDoesNotAsk() async {
        let threads = LookupThreads(count: 2, mostOfOne: 1)
        for number in UInt8(0)..<50 {
            await withCheckedContinuation { answer in threads.submit(for: LookupAsker([number])) { answer.resume() } }
        }
        // The last one has answered before it is struck off.
        while threads.askers > 0 { await Task.yield() }
    }
}
