import Foundation
import SSHWire
import Synchronization
import Testing

@testable import SSHForwarding

struct LookupThreadsTests {
    private static let (greedy, other) = (LookupAsker([1]), LookupAsker([2]))

    /// Waits for the answer to a question.
    private static func ask(_ threads: LookupThreads, for asker: LookupAsker?) async throws {
        try await withCheckedThrowingContinuation { (answer: CheckedContinuation<Void, any Error>) in
            do { try threads.submit(for: asker) { answer.resume() } } catch { answer.resume(throwing: error) }
        }
    }

    @Test func whoAsksForManyWaitsBehindHimself() async throws {
        let threads = LookupThreads(count: 3, mostOfOne: 2, mostWaiting: 9)
        let door = DispatchSemaphore(value: 0)
        let opened = Mutex(0)
        for _ in 0..<10 {
            try threads.submit(for: Self.greedy) {
                door.wait()
                opened.withLock { $0 += 1 }
            }
        }
        // Would never be answered if the first ten had all three threads.
        try await Self.ask(threads, for: Self.other)
        try await Self.ask(threads, for: nil)
        #expect(opened.withLock { $0 } == 0)
        for _ in 0..<10 { door.signal() }
        try await Self.ask(threads, for: Self.greedy)
        // The last question came after all others; one of those may still be on the other thread.
        #expect(opened.withLock { $0 } >= 9)
    }

    @Test func noMoreWaitThanMay() throws {
        let threads = LookupThreads(count: 1, mostOfOne: 1, mostWaiting: 2)
        let door = DispatchSemaphore(value: 0)
        for _ in 0..<3 { try threads.submit(for: Self.greedy) { door.wait() } }
        #expect(throws: SSHError.self) { try threads.submit(for: Self.greedy) {} }
        for _ in 0..<3 { door.signal() }
    }

    @Test func nobodyIsRememberedWhoDoesNotAsk() async throws {
        let threads = LookupThreads(count: 2, mostOfOne: 1, mostWaiting: 1)
        for number in UInt8(0)..<50 { try await Self.ask(threads, for: LookupAsker([number])) }
        // The last one has answered before it is struck off.
        while threads.askers > 0 { await Task.yield() }
    }
}
