import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import SSHForwarding

struct MemorySocketTests {
    private let loop = EmbeddedEventLoop()

    private struct Pair {
        let near: any Channel
        let far: any Channel
        let heardNear = Hearer()
        let heardFar = Hearer()
    }

    private func pair() throws -> Pair {
        let met = NIOLoopBoundBox<(any Channel)?>(nil, eventLoop: self.loop)
        let near = MemorySocketPair.connect(on: self.loop, and: self.loop) { met.value = $0 }
        self.loop.run()
        let pair = Pair(near: near, far: try #require(met.value))
        try near.pipeline.syncOperations.addHandler(pair.heardNear)
        try pair.far.pipeline.syncOperations.addHandler(pair.heardFar)
        return pair
    }

    private static func read(_ channel: any Channel, _ isReading: Bool = true) throws {
        try channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    private static func unsent(_ channel: any Channel) throws -> Int? {
        try channel.syncOptions?.getOption(.bufferedWritableBytes)
    }

    private static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
    }

    @Test func bytesComeInOrderBothWays() throws {
        let pair = try self.pair()
        try Self.read(pair.near)
        try Self.read(pair.far)
        let data = Self.bytes(1000)
        for start in stride(from: 0, to: 1000, by: 100) {
            pair.near.write(ByteBuffer(bytes: data[start..<start + 100]), promise: nil)
            pair.far.write(ByteBuffer(bytes: data[start..<start + 100]), promise: nil)
        }
        self.loop.run()
        #expect(pair.heardNear.bytes.isEmpty && pair.heardFar.bytes.isEmpty)
        pair.near.flush()
        pair.far.flush()
        self.loop.run()
        #expect(pair.heardNear.bytes == data && pair.heardFar.bytes == data)
    }

    @Test func nothingIsReadUnasked() throws {
        let pair = try self.pair()
        pair.near.writeAndFlush(ByteBuffer(string: "one"), promise: nil)
        self.loop.run()
        #expect(pair.heardFar.bytes.isEmpty)
        pair.far.read()
        self.loop.run()
        #expect(pair.heardFar.bytes == Array("one".utf8))
        pair.near.writeAndFlush(ByteBuffer(string: "two"), promise: nil)
        self.loop.run()
        #expect(pair.heardFar.bytes == Array("one".utf8))
    }

    @Test func writesWaitForAnEndThatDoesNotRead() throws {
        let (pair, piece) = (try self.pair(), ByteBuffer(bytes: Self.bytes(100_000)))
        var written: [Int] = []
        for number in 0..<30 {
            let promise = self.loop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenSuccess { written.append(number) }
            pair.near.writeAndFlush(piece, promise: promise)
        }
        self.loop.run()
        let ahead = (ReadAhead.least + 99_999) / 100_000
        #expect(written == Array(0..<ahead))
        #expect(try Self.unsent(pair.near) == (30 - ahead) * 100_000)
        #expect(!pair.near.isWritable)
        try Self.read(pair.far)
        self.loop.run()
        #expect(written == Array(0..<30))
        #expect(try Self.unsent(pair.near) == 0)
        #expect(pair.heardFar.bytes.count == 3_000_000)
        #expect(pair.near.isWritable)
    }

    @Test func aReaderTakesNoMoreAtATimeThanItHasRoomFor() throws {
        let pair = try self.pair()
        pair.near.writeAndFlush(ByteBuffer(bytes: Self.bytes(50_000)), promise: nil)
        self.loop.run()
        pair.far.read()
        self.loop.run()
        #expect(pair.heardFar.bytes.count == TunnelReads.Size.quiet.bytes)
        SocketOptions.setReads(SocketOptions.busyReads(.busy), on: pair.far)
        pair.far.read()
        self.loop.run()
        #expect(pair.heardFar.bytes == Self.bytes(50_000))
    }

    @Test func aSmallPieceDoesNotKeepALargeBuffer() throws {
        let pair = try self.pair()
        var large = ByteBuffer(repeating: 7, count: 100_000)
        let (slice, half) = (large.readSlice(length: 100), large.readSlice(length: 80_000))
        pair.near.writeAndFlush(slice, promise: nil)
        pair.near.writeAndFlush(half, promise: nil)
        SocketOptions.setReads(SocketOptions.busyReads(.busy), on: pair.far)
        try Self.read(pair.far)
        self.loop.run()
        #expect(pair.heardFar.bytes == Array(repeating: 7, count: 80_100))
        #expect(pair.heardFar.capacities.count == 2)
        #expect(pair.heardFar.capacities[0] < 1000 && pair.heardFar.capacities[1] >= 80_000)
    }

    /// A peer chooses how its bytes are cut, and whether the other end reads them.
    @Test func manySmallPiecesBecomeFew() throws {
        let pair = try self.pair()
        for number in 0..<100_000 {
            pair.near.write(ByteBuffer(integer: UInt8(truncatingIfNeeded: number)), promise: nil)
            if number < 20_000 || number % 1000 == 0 { pair.near.flush() }
        }
        pair.near.flush()
        self.loop.run()
        SocketOptions.setReads(SocketOptions.busyReads(.busy), on: pair.far)
        try Self.read(pair.far)
        self.loop.run()
        #expect(pair.heardFar.bytes == (0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
        #expect(pair.heardFar.capacities.reduce(0, +) < 400_000)
        #expect(pair.heardFar.capacities.count < 10)
    }

    @Test func bothEndsMayCloseAtOnce() throws {
        let pair = try self.pair()
        pair.near.close(promise: nil)
        pair.far.close(promise: nil)
        self.loop.run()
        #expect(pair.heardNear.ends == 1 && pair.heardFar.ends == 1)
    }

    @Test func eachDirectionEndsByItself() throws {
        let pair = try self.pair()
        try Self.read(pair.near)
        pair.near.writeAndFlush(ByteBuffer(string: "question"), promise: nil)
        pair.near.close(mode: .output, promise: nil)
        self.loop.run()
        #expect(!pair.heardFar.inputHasEnded)
        try Self.read(pair.far)
        self.loop.run()
        #expect(pair.heardFar.bytes == Array("question".utf8) && pair.heardFar.inputHasEnded && pair.far.isActive)
        pair.far.writeAndFlush(ByteBuffer(string: "answer"), promise: nil)
        self.loop.run()
        #expect(pair.heardNear.bytes == Array("answer".utf8) && !pair.heardNear.inputHasEnded)
        let refused = pair.near.writeAndFlush(ByteBuffer(string: "more"))
        self.loop.run()
        #expect(throws: ChannelError.self) { try refused.wait() }
    }

    @Test func theEndComesAfterWhatWaits() throws {
        let pair = try self.pair()
        for _ in 0..<3 {
            pair.near.writeAndFlush(ByteBuffer(bytes: Self.bytes(ReadAhead.least)), promise: nil)
        }
        pair.near.close(mode: .output, promise: nil)
        SocketOptions.setReads(SocketOptions.busyReads(.busy), on: pair.far)
        self.loop.run()
        for _ in 0..<3 {
            #expect(!pair.heardFar.inputHasEnded)
            pair.far.read()
            self.loop.run()
        }
        pair.far.read()
        self.loop.run()
        #expect(pair.heardFar.bytes.count == 3 * ReadAhead.least && pair.heardFar.inputHasEnded)
    }

    @Test func whatWasSaidBeforeAnEndIsReadAfterIt() throws {
        let pair = try self.pair()
        pair.near.writeAndFlush(ByteBuffer(string: "last words"), promise: nil)
        pair.near.close(promise: nil)
        self.loop.run()
        #expect(pair.heardNear.hasEnded && pair.far.isActive)
        // As into a buffer of the system that nobody reads any more.
        let lost = pair.far.writeAndFlush(ByteBuffer(string: "too late"))
        self.loop.run()
        try lost.wait()
        #expect(try Self.unsent(pair.far) == 0)
        try Self.read(pair.far)
        self.loop.run()
        #expect(pair.heardFar.bytes == Array("last words".utf8) && pair.heardFar.hasEnded)
        try pair.far.closeFuture.wait()
    }

    @Test func anEndIsHeardUnasked() throws {
        let pair = try self.pair()
        let unsent = self.loop.makePromise(of: Void.self)
        pair.near.write(ByteBuffer(string: "never flushed"), promise: unsent)
        pair.near.close(promise: nil)
        self.loop.run()
        #expect(pair.heardFar.hasEnded && pair.heardFar.bytes.isEmpty)
        #expect(throws: ChannelError.self) { try unsent.futureResult.wait() }
        #expect(throws: ChannelError.self) { try pair.near.close().wait() }
    }

    @Test func neitherEndIsKept() throws {
        weak var near: (any Channel)?
        weak var far: (any Channel)?
        do {
            let pair = try self.pair()
            (near, far) = (pair.near, pair.far)
            pair.near.writeAndFlush(ByteBuffer(string: "unread"), promise: nil)
            self.loop.run()
            pair.far.close(promise: nil)
            self.loop.run()
        }
        #expect(near == nil && far == nil)
    }

    @Test func twoEventLoopsPassAllOn() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let (first, second) = (group.next(), group.next())
        let done = second.makePromise(of: [UInt8].self)
        let data = Self.bytes(8_000_000)
        let near = try await first.submit { () -> any Channel in
            let near = MemorySocketPair.connect(on: first, and: second) { far in
                let hearer = Hearer { heard in
                    done.succeed(heard)
                    far.close(promise: nil)
                }
                try? far.pipeline.syncOperations.addHandler(hearer)
                try? Self.read(far)
            }
            for start in stride(from: 0, to: data.count, by: 50_000) {
                near.writeAndFlush(ByteBuffer(bytes: data[start..<start + 50_000]), promise: nil)
            }
            near.close(mode: .output, promise: nil)
            return near
        }.get()
        #expect(try await done.futureResult.get() == data)
        try await near.closeFuture.get()
        try await group.shutdownGracefully()
    }
}

/// Keeps what it hears.
private final class Hearer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private(set) var bytes: [UInt8] = []
    private(set) var capacities: [Int] = []
    private(set) var inputHasEnded = false
    private(set) var ends = 0
    var hasEnded: Bool { self.ends > 0 }
    private let onEnd: ([UInt8]) -> Void

    init(onEnd: @escaping ([UInt8]) -> Void = { _ in }) {
        self.onEnd = onEnd
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let data = Self.unwrapInboundIn(data)
        self.bytes += data.readableBytesView
        self.capacities.append(data.storageCapacity)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event as? ChannelEvent == .inputClosed else { return }
        self.inputHasEnded = true
        self.onEnd(self.bytes)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.ends += 1
    }
}
