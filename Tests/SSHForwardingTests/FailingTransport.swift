import NIOCore

/// A transport that fails at one of its reads or writes, and keeps the end of its own direction to itself.
///
/// It stands next to the socket.
final class FailingTransport: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    struct Failure: Error {}

    /// The read or write that fails, counted from 1; nil for none.
    private let failing: Int?
    private(set) var count = 0
    /// Whether this end has said that it sends nothing more.
    private(set) var hasEndedOutput = false

    init(failing: Int?) {
        self.failing = failing
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard self.succeeds() else { return self.fail(context) }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard self.succeeds() else {
            promise?.fail(Failure())
            return self.fail(context)
        }
        context.write(data, promise: promise)
    }

    /// A channel in memory knows no half of a close.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output else { return context.close(mode: mode, promise: promise) }
        self.hasEndedOutput = true
        promise?.succeed()
    }

    private func succeeds() -> Bool {
        self.count += 1
        return self.count != self.failing
    }

    private func fail(_ context: ChannelHandlerContext) {
        context.fireErrorCaught(Failure())
        context.close(promise: nil)
    }
}
