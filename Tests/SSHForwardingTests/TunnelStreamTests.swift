import NIOCore
import NIOPosix
import SSHCrypto
import SSHProtocol
import SSHWire
import Testing

@testable import SSHForwarding

/// Channels as streams, against a server that dials whatever it is asked to.
struct TunnelStreamTests {
    @Test func aHalfClosedQuestionGetsItsWholeAnswer() async throws {
        let pair = try await LoopbackPair.connect()
        let server = try await AnsweringServer.start(on: MultiThreadedEventLoopGroup.singleton)
        let stream = try await pair.stream(to: server.port)
        let question = SeededRandom(seed: 1).randomBytes(3_000_000)
        // More than the windows on the way hold: a write has to wait for the other side.
        for start in stride(from: 0, to: question.count, by: 100_000) {
            try await stream.write(ByteBuffer(bytes: question[start..<min(start + 100_000, question.count)]))
        }
        try await stream.finish()
        var answer: [UInt8] = []
        for try await bytes in stream { answer += Array(bytes.readableBytesView) }
        // Megabytes that differ are not to be printed.
        let isWhole = answer == question.reversed()
        #expect(isWhole)
        try await server.stop()
        try await pair.end()
    }

    @Test func nothingIsWrittenAfterTheEnd() async throws {
        let pair = try await LoopbackPair.connect()
        let server = try await AnsweringServer.start(on: MultiThreadedEventLoopGroup.singleton)
        let stream = try await pair.stream(to: server.port)
        try await stream.finish()
        await #expect(throws: SSHError.self) { try await stream.write("late") }
        try await server.stop()
        try await pair.end()
    }

    @Test func aTargetThatCannotBeReachedIsARefusal() async throws {
        let pair = try await LoopbackPair.connect()
        // A port that was free a moment ago.
        let server = try await AnsweringServer.start(on: MultiThreadedEventLoopGroup.singleton)
        try await server.stop()
        let error = await #expect(throws: TunnelRefusal.self) { _ = try await pair.stream(to: server.port) }
        #expect(error?.reason == .connectFailed)
        #expect(try await pair.channelCount() == 0)
        try await pair.end()
    }

    @Test func theEndOfTheConnectionEndsReading() async throws {
        let pair = try await LoopbackPair.connect()
        let server = try await AnsweringServer.start(on: MultiThreadedEventLoopGroup.singleton)
        let stream = try await pair.stream(to: server.port)
        let reading = Task { for try await _ in stream {} }
        try await pair.cut()
        let error = await #expect(throws: SSHError.self) { try await reading.value }
        #expect(error?.code == .connectionLost)
        await #expect(throws: SSHError.self) { try await stream.write("late") }
        try await server.stop()
        try await pair.end()
    }

    @Test func aReadThatIsCancelledLosesNothing() async throws {
        let pair = try await LoopbackPair.connect()
        let server = try await AnsweringServer.start(on: MultiThreadedEventLoopGroup.singleton)
        let stream = try await pair.stream(to: server.port)
        let reading = Task { for try await _ in stream {} }
        reading.cancel()
        await #expect(throws: CancellationError.self) { try await reading.value }
        try await stream.write("abc")
        try await stream.finish()
        var answer = ""
        for try await bytes in stream { answer += String(buffer: bytes) }
        #expect(answer == "cba")
        try await server.stop()
        try await pair.end()
    }

    @Test func aStreamThatNobodyHoldsIsClosed() async throws {
        let pair = try await LoopbackPair.connect()
        let server = try await AnsweringServer.start(on: MultiThreadedEventLoopGroup.singleton)
        do {
            let stream = try await pair.stream(to: server.port)
            try await stream.write("abc")
            #expect(try await pair.channelCount() == 1)
        }
        while try await pair.channelCount() > 0 { await Task.yield() }
        try await server.stop()
        try await pair.end()
    }

    @Test func aSecondReaderIsToldSo() async throws {
        let pair = try await LoopbackPair.connect()
        let server = try await AnsweringServer.start(on: MultiThreadedEventLoopGroup.singleton)
        let stream = try await pair.stream(to: server.port)
        let errors = await withTaskGroup(of: (any Error)?.self) { tasks in
            for _ in 0..<2 {
                tasks.addTask {
                    do {
                        for try await _ in stream {}
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            let first = await tasks.next() ?? nil
            await stream.close()
            return [first, await tasks.next() ?? nil]
        }
        #expect((errors[0] as? SSHError)?.code == .misuse)
        #expect(errors[1] == nil)
        try await server.stop()
        try await pair.end()
    }
}

extension LoopbackPair {
    fileprivate func stream(to port: Int) async throws -> TunnelStream {
        let addresses = TunnelAddresses(
            host: "127.0.0.1",
            port: UInt32(clamping: port),
            originatorAddress: "127.0.0.1",
            originatorPort: 1
        )
        return try await self.eventLoop.flatSubmit {
            self.withClient { client in
                TunnelStream.open(.directTCPIP(addresses), on: client)
                    ?? self.eventLoop.makeFailedFuture(SSHError(.misuse, "not connected"))
            }
        }.get()
    }
}
