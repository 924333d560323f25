import Dispatch
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import SSHServer

/// On an event loop whose time the test sets.
struct ClientNameRequestTests {
    private final class Answers: Sendable {
        let all = Mutex<[ClientNameLookup.Answer]>([])
    }

    private static let known = ClientNameLookup(name: { _ in "a.example" }, addresses: { _ in ["192.0.2.7"] })

    @Test func anAnswerThatComesInTimeIsGivenOnce() async throws {
        let loop = NIOAsyncTestingEventLoop()
        let answers = Answers()
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            loop.execute {
                let request = ClientNameRequest("192.0.2.7", lookup: Self.known, on: loop)
                request.whenAnswered { answer in
                    // The request lives until it has answered.
                    withExtendedLifetime(request) { answers.all.withLock { $0.append(answer) } }
                    continuation.resume()
                }
            }
        }
        await loop.advanceTime(by: ClientNameRequest.timeout)
        #expect(answers.all.withLock { $0 } == [.confirmed("a.example")])
        await loop.shutdownGracefully()
    }

    @Test func aNameServerThatNeverAnswersHoldsALoginUpForABoundedTime() async throws {
        let loop = NIOAsyncTestingEventLoop()
        let answers = Answers()
        let hanging = DispatchSemaphore(value: 0)
        let lookup = ClientNameLookup(
            name: { _ in
                hanging.wait()
                return "late.example"
            },
            addresses: { _ in ["192.0.2.7"] }
        )
        let request = try await loop.executeInContext {
            let request = ClientNameRequest("192.0.2.7", lookup: lookup, on: loop)
            request.whenAnswered { answer in answers.all.withLock { $0.append(answer) } }
            return NIOLoopBound(request, eventLoop: loop)
        }
        await loop.advanceTime(by: ClientNameRequest.timeout - .nanoseconds(1))
        #expect(answers.all.withLock { $0 }.isEmpty)
        await loop.advanceTime(by: .nanoseconds(1))
        #expect(
            answers.all.withLock { $0 } == [.doubtful("The name of 192.0.2.7 was not found in time.", isPassing: true)]
        )
        hanging.signal()
        withExtendedLifetime(request) {}
        await loop.shutdownGracefully()
    }
}
