import NIOCore
import SSHWire

/// Asks a proxy for the way to the server on a socket that is connected and unread, and then leaves the pipeline.
final class ProxyHandler<Result: Sendable>: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var negotiation: any ProxyNegotiation
    private let time: TimeAmount
    private let onConnect: (any Channel) throws -> Result
    private let promise: EventLoopPromise<Result>
    private var timer: Scheduled<Void>?
    private var isOver = false

    /// - Parameters:
    ///   - time: how long the proxy may take for everything.
    ///   - onConnect: gets the socket when the server is there.
    private init(
        _ negotiation: any ProxyNegotiation,
        _ time: TimeAmount,
        _ onConnect: @escaping (any Channel) throws -> Result,
        _ promise: EventLoopPromise<Result>
    ) {
        self.negotiation = negotiation
        self.time = time
        self.onConnect = onConnect
        self.promise = promise
    }

    /// - Returns: fails with what the proxy had to say; the socket is closed then.
    static func lead(
        _ channel: any Channel,
        _ negotiation: any ProxyNegotiation,
        within time: TimeAmount,
        _ onConnect: @escaping (any Channel) throws -> Result
    ) -> EventLoopFuture<Result> {
        let promise = channel.eventLoop.makePromise(of: Result.self)
        do {
            let handler = ProxyHandler(negotiation, time, onConnect, promise)
            try channel.pipeline.syncOperations.addHandler(handler)
        } catch {
            channel.close(promise: nil)
            promise.fail(error)
        }
        return promise.futureResult
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard context.channel.isActive else { return self.lost(context) }
        self.timer = context.eventLoop.assumeIsolated().scheduleTask(in: self.time) {
            self.fail(context, SSHError(.timedOut, "the proxy did not answer in time"))
        }
        context.writeAndFlush(self.wrapOutboundOut(self.negotiation.start()), promise: nil)
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isOver else { return context.fireChannelRead(data) }
        do {
            switch try self.negotiation.receive(self.unwrapInboundIn(data)) {
            case .needMore: break
            case .send(let bytes): context.writeAndFlush(self.wrapOutboundOut(bytes), promise: nil)
            case .connected(let rest): self.connected(context, rest)
            }
        } catch {
            self.fail(context, error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if self.isOver { context.fireChannelReadComplete() } else { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.lost(context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard self.isOver else { return self.fail(context, error) }
        context.fireErrorCaught(error)
    }

    private func lost(_ context: ChannelHandlerContext) {
        self.fail(context, SSHError.proxyFailure("the proxy closed the connection"))
    }

    private func connected(_ context: ChannelHandlerContext, _ rest: ByteBuffer) {
        self.end()
        do {
            let result = try self.onConnect(context.channel)
            // To those who have just come behind us.
            if rest.readableBytes > 0 { context.fireChannelRead(self.wrapInboundOut(rest)) }
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
            self.promise.succeed(result)
        } catch {
            context.close(promise: nil)
            self.promise.fail(error)
        }
    }

    private func fail(_ context: ChannelHandlerContext, _ error: any Error) {
        guard !self.isOver else { return }
        self.end()
        context.close(promise: nil)
        self.promise.fail(error)
    }

    private func end() {
        self.isOver = true
        self.timer?.cancel()
        self.timer = nil
    }
}
