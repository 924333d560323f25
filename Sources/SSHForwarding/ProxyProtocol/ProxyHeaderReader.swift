public import NIOCore
import SSHWire

/// Takes the PROXY header from the front of an accepted socket, tells who it names, and leaves the pipeline.
///
/// What follows the header goes on to the handlers that the callback adds.
public final class ProxyHeaderReader: ChannelInboundHandler, RemovableChannelHandler {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = ByteBuffer

    private let timeout: TimeAmount
    private var completion: ((Result<ProxyHeader, any Error>) -> Void)?
    private var received = ByteBuffer()
    private var timer: Scheduled<Void>?

    /// - Parameters:
    ///   - timeout: a proxy has the header ready when it connects.
    ///   - completion: called once, on the event loop. After a failure the socket is being closed.
    public init(timeout: TimeAmount, completion: @escaping (Result<ProxyHeader, any Error>) -> Void) {
        self.timeout = timeout
        self.completion = completion
    }

    public func handlerAdded(context: ChannelHandlerContext) {
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        self.timer = context.eventLoop.assumeIsolated().scheduleTask(in: self.timeout) {
            self.fail(SSHError(.timedOut, "no PROXY header in time"), context.value)
        }
    }

    public func handlerRemoved(context: ChannelHandlerContext) {
        self.timer?.cancel()
        self.timer = nil
        self.finish(.failure(SSHError(.connectionLost, "the connection ended before the PROXY header did")))
    }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard self.completion != nil else { return }
        var data = self.unwrapInboundIn(data)
        self.received.writeBuffer(&data)
        do {
            guard let header = try ProxyHeader.read(from: &self.received) else { return }
            self.finish(.success(header))
        } catch {
            return self.fail(error, context)
        }
        let rest = self.received
        self.received = ByteBuffer()
        if rest.readableBytes > 0 {
            context.fireChannelRead(self.wrapInboundOut(rest))
            context.fireChannelReadComplete()
        }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    public func channelInactive(context: ChannelHandlerContext) {
        self.finish(.failure(SSHError(.connectionLost, "the connection ended before the PROXY header did")))
        context.fireChannelInactive()
    }

    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.fail(error, context)
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        guard self.completion != nil else { return }
        self.finish(.failure(error))
        context.close(promise: nil)
    }

    private func finish(_ result: Result<ProxyHeader, any Error>) {
        self.timer?.cancel()
        self.timer = nil
        let completion = self.completion
        self.completion = nil
        completion?(result)
    }
}
