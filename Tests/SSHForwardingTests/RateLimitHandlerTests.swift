import NIOCore
import NIOEmbedded
import Testing

@testable import SSHForwarding

struct RateLimitHandlerTests {
    private let loop = EmbeddedEventLoop()
    private let limiter: RateLimiter

    init() {
        self.limiter = RateLimiter(RateLimit(bytesPerSecond: 10_000, burst: 1_000), now: self.loop.now)
    }

    private func channel(_ handler: RateLimitHandler) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handlers: [handler], loop: self.loop)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        return channel
    }

    private func incoming(_ channel: EmbeddedChannel) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readInbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return bytes
    }

    private func outgoing(_ channel: EmbeddedChannel) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return bytes
    }

    private static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) } }

    @Test func whatTheSocketSaidComesInTimeAndInOrder() throws {
        let channel = try self.channel(RateLimitHandler([self.limiter]))
        let data = Self.bytes(11_000)
        try channel.writeInbound(ByteBuffer(bytes: data))
        var seen = try self.incoming(channel)
        #expect(seen.count <= 1_100)
        self.loop.advanceTime(by: .milliseconds(500))
        seen += try self.incoming(channel)
        #expect(seen.count > 5_000 && seen.count <= 6_600)
        self.loop.advanceTime(by: .milliseconds(600))
        seen += try self.incoming(channel)
        #expect(seen == data)
        _ = try channel.finish()
    }

    @Test func theSocketIsNotReadWhileWhatItSaidWaits() throws {
        let reads = ReadCounter()
        let handler = RateLimitHandler([self.limiter])
        let channel = EmbeddedChannel(handlers: [reads, handler], loop: self.loop)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        try channel.writeInbound(ByteBuffer(bytes: Self.bytes(5_000)))
        let before = reads.count
        channel.read()
        #expect(reads.count == before)
        self.loop.advanceTime(by: .seconds(1))
        #expect(reads.count == before + 1)
        _ = try channel.finish()
    }

    @Test func theEndOfInputComesLast() throws {
        let channel = try self.channel(RateLimitHandler([self.limiter]))
        let recorder = EndRecorder()
        try channel.pipeline.syncOperations.addHandler(recorder)
        try channel.writeInbound(ByteBuffer(bytes: Self.bytes(5_000)))
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(!recorder.sawEnd)
        self.loop.advanceTime(by: .seconds(1))
        #expect(recorder.sawEnd && recorder.count == 5_000)
        _ = try channel.finish()
    }

    @Test func aSocketThatIsGoneLosesNothingOfWhatItSaid() throws {
        let channel = try self.channel(RateLimitHandler([self.limiter]))
        let recorder = EndRecorder()
        try channel.pipeline.syncOperations.addHandler(recorder)
        try channel.writeInbound(ByteBuffer(bytes: Self.bytes(5_000)))
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        _ = try channel.finish()
        #expect(recorder.sawEnd && recorder.count == 5_000)
    }

    @Test func whatTheChannelSaidCountsAsWrittenWhenItHasLeft() throws {
        let channel = try self.channel(RateLimitHandler([self.limiter]))
        let data = Self.bytes(6_000)
        let flags = Flags()
        channel.write(ByteBuffer(bytes: data[..<2_000]), promise: nil)
        channel.writeAndFlush(ByteBuffer(bytes: data[2_000..<4_000])).assumeIsolated().whenSuccess {
            flags.first = true
        }
        channel.writeAndFlush(ByteBuffer(bytes: data[4_000...])).assumeIsolated().whenSuccess { flags.second = true }
        var seen = try self.outgoing(channel)
        #expect(seen.count <= 1_100 && !flags.first)
        self.loop.advanceTime(by: .milliseconds(400))
        seen += try self.outgoing(channel)
        #expect(flags.first && !flags.second)
        self.loop.advanceTime(by: .milliseconds(300))
        seen += try self.outgoing(channel)
        #expect(flags.second && seen == data)
        _ = try channel.finish()
    }

    @Test func whatCannotLeaveAnyMoreFails() throws {
        let channel = try self.channel(RateLimitHandler([self.limiter]))
        let flags = Flags()
        channel.writeAndFlush(ByteBuffer(bytes: Self.bytes(6_000))).assumeIsolated().whenFailure { _ in
            flags.first = true
        }
        #expect(!flags.first)
        channel.close(promise: nil)
        #expect(flags.first)
        // What was taken for it is free again, but for what has left.
        #expect(!self.limiter.isUnused(now: self.loop.now))
        #expect(self.limiter.isUnused(now: self.loop.now + .milliseconds(250)))
    }

    @Test func withoutLimitsEverythingPassesAtOnce() throws {
        let handler = RateLimitHandler([self.limiter])
        let channel = try self.channel(handler)
        channel.writeAndFlush(ByteBuffer(bytes: Self.bytes(6_000)), promise: nil)
        try channel.writeInbound(ByteBuffer(bytes: Self.bytes(6_000)))
        handler.limiters = []
        #expect(try self.outgoing(channel).count == 6_000)
        #expect(try self.incoming(channel).count == 6_000)
        try channel.writeInbound(ByteBuffer(bytes: Self.bytes(60_000)))
        #expect(try self.incoming(channel).count == 60_000)
        _ = try channel.finish()
    }

    @Test func theStricterOfTwoLimitsHolds() throws {
        let loose = RateLimiter(RateLimit(bytesPerSecond: 1_000_000), now: self.loop.now)
        let channel = try self.channel(RateLimitHandler([loose, self.limiter]))
        channel.writeAndFlush(ByteBuffer(bytes: Self.bytes(6_000)), promise: nil)
        self.loop.advanceTime(by: .milliseconds(100))
        #expect(try self.outgoing(channel).count <= 2_200)
        self.loop.advanceTime(by: .milliseconds(500))
        #expect(try self.outgoing(channel).count >= 3_800)
        _ = try channel.finish()
    }
}

private final class Flags {
    var first = false
    var second = false
}

private final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private(set) var count = 0

    func read(context: ChannelHandlerContext) {
        self.count += 1
        context.read()
    }
}

private final class EndRecorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private(set) var count = 0
    private(set) var sawEnd = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.count += self.unwrapInboundIn(data).readableBytes
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { self.sawEnd = true }
    }
}
