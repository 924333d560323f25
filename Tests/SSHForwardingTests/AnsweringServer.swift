import NIOCore
import NIOPosix

/// A server that reads until the end of the question, and then answers with it reversed: it needs half-close.
struct AnsweringServer {
    let port: Int
    private let channel: any Channel

    static func start(on group: any EventLoopGroup) async throws -> AnsweringServer {
        let channel = try await ServerBootstrap(group: group)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AnswerHandler())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return AnsweringServer(port: channel.localAddress?.port ?? 0, channel: channel)
    }

    func stop() async throws {
        try await self.channel.close()
    }
}

private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var question = ByteBuffer()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var piece = self.unwrapInboundIn(data)
        self.question.writeBuffer(&piece)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else { return }
        let answer = ByteBuffer(bytes: self.question.readableBytesView.reversed())
        // A close before the answer is written would drop the rest: the input has ended already.
        context.writeAndFlush(self.wrapOutboundOut(answer)).assumeIsolated().whenComplete { _ in
            context.close(promise: nil)
        }
    }
}

/// Asks, ends its side, and collects the answer until the other side ends.
enum Asking {
    /// - Parameter slowly: reads little at a time into a small buffer, so that the answer has to wait on its way.
    static func ask(
        _ question: [UInt8],
        port: Int,
        on group: any EventLoopGroup,
        slowly: Bool = false
    ) async throws -> [UInt8] {
        let answer = group.next().makePromise(of: [UInt8].self)
        var bootstrap = ClientBootstrap(group: group).channelOption(.allowRemoteHalfClosure, value: true)
        if slowly {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: 32_768)
                .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 8192))
        }
        let channel =
            try await bootstrap
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(CollectHandler(answer))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        channel.writeAndFlush(ByteBuffer(bytes: question), promise: nil)
        channel.close(mode: .output, promise: nil)
        let collected = try await answer.futureResult.get()
        try? await channel.close()
        return collected
    }
}

private final class CollectHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<[UInt8]>
    private var collected: [UInt8] = []

    init(_ promise: EventLoopPromise<[UInt8]>) {
        self.promise = promise
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.collected += Array(self.unwrapInboundIn(data).readableBytesView)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { self.promise.succeed(self.collected) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.promise.succeed(self.collected)
    }
}
