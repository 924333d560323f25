import NIOCore
import NIOPosix
import Testing

@testable import SSHForwarding

struct NameLookupTests {
    @Test func oneQuestionAnswersForBothFamilies() async throws {
        let lookup = NameLookup(on: MultiThreadedEventLoopGroup.singleton.next(), for: nil)
        let later = lookup.initiateAAAAQuery(host: "127.0.0.1", port: 7)
        let addresses = try await lookup.initiateAQuery(host: "127.0.0.1", port: 7).get()
        let others = try await later.get()
        #expect(addresses == [try SocketAddress(ipAddress: "127.0.0.1", port: 7)] && others.isEmpty)
    }

    @Test func nobodyIsAskedForANameThatIsNotWantedAnyMore() async throws {
        let lookup = NameLookup(on: MultiThreadedEventLoopGroup.singleton.next(), for: nil)
        lookup.cancelQueries()
        let answer = lookup.initiateAAAAQuery(host: "127.0.0.1", port: 7)
        await #expect(throws: CancellationError.self) { try await answer.get() }
    }

    @Test func whatIsNoNameFails() async throws {
        let lookup = NameLookup(on: MultiThreadedEventLoopGroup.singleton.next(), for: nil)
        let answer = lookup.initiateAAAAQuery(host: String(repeating: "a", count: 64) + ".invalid", port: 7)
        await #expect(throws: (any Error).self) { try await answer.get() }
    }
}
