import NIOCore
import NIOPosix
import SSHCrypto
import Testing

@testable import SSHForwarding

struct TunnelTests {
    @Test func aHalfClosedQuestionGetsItsWholeAnswer() async throws {
        let pair = try await LoopbackPair.connect()
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await AnsweringServer.start(on: group)
        let port = try await pair.forward(to: server.port)
        let question = SeededRandom(seed: 1).randomBytes(3_000_000)
        let answer = try await Asking.ask(question, port: port, on: group)
        // Megabytes that differ are not to be printed.
        let isWhole = answer == question.reversed()
        #expect(isWhole)
        try await server.stop()
        try await pair.end()
    }

    @Test func aSlowReaderThatHasEndedItsSideGetsTheWholeAnswer() async throws {
        let pair = try await LoopbackPair.connect()
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await AnsweringServer.start(on: group)
        let port = try await pair.forward(to: server.port)
        let question = SeededRandom(seed: 2).randomBytes(3_000_000)
        let answer = try await Asking.ask(question, port: port, on: group, slowly: true)
        #expect(answer.count == question.count)
        // Megabytes that differ are not to be printed.
        let isWhole = answer == question.reversed()
        #expect(isWhole)
        try await server.stop()
        try await pair.end()
    }

    @Test func manyTunnelsAtOnceAreNotMixedUp() async throws {
        let pair = try await LoopbackPair.connect()
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await AnsweringServer.start(on: group)
        let port = try await pair.forward(to: server.port)
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            for seed in UInt64(0)..<50 {
                tasks.addTask {
                    let question = SeededRandom(seed: seed).randomBytes(20_000 + Int(seed))
                    return try await Asking.ask(question, port: port, on: group) == question.reversed()
                }
            }
            for try await isRight in tasks { #expect(isRight) }
        }
        try await server.stop()
        try await pair.end()
    }

    @Test func aSocketWhoseTargetCannotBeReachedIsClosed() async throws {
        let pair = try await LoopbackPair.connect()
        let group = MultiThreadedEventLoopGroup.singleton
        // A port that was free a moment ago.
        let server = try await AnsweringServer.start(on: group)
        try await server.stop()
        let port = try await pair.forward(to: server.port)
        #expect(try await Asking.ask([1, 2, 3], port: port, on: group) == [])
        #expect(try await pair.channelCount() == 0)
        try await pair.end()
    }

    @Test func theEndOfTheConnectionEndsItsTunnels() async throws {
        let pair = try await LoopbackPair.connect()
        let group = MultiThreadedEventLoopGroup.singleton
        // It does not answer the end of the question by closing: the tunnel stays until the connection goes.
        let silent = try await ServerBootstrap(group: group).childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try await pair.forward(to: silent.localAddress?.port ?? 0)
        async let answer = Asking.ask([1, 2, 3], port: port, on: group)
        while try await pair.channelCount() == 0 { await Task.yield() }
        try await pair.cut()
        #expect(try await answer == [])
        try await silent.close()
        try await pair.end()
    }
}
