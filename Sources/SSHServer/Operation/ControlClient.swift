import NIOCore

/// Reads one request from a client of the control socket, has it answered, and closes.
final class ControlClient: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// For the request, and then for each piece of the reply to be taken.
    static let patience = TimeAmount.seconds(10)

    private let answer: @Sendable (_ request: [UInt8], any Channel) async throws -> Void
    private let onEnd: () -> Void
    private var request = ByteBuffer()
    private var isAnswering = false
    private var deadline: Scheduled<Void>?

    /// - Parameters:
    ///   - answer: writes the reply; the client is gone when it throws.
    ///   - onEnd: is called when the client is gone and nothing is done for it any more.
    init(
        answer: @escaping @Sendable (_ request: [UInt8], any Channel) async throws -> Void,
        onEnd: @escaping () -> Void
    ) {
        self.answer = answer
        self.onEnd = onEnd
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        self.deadline = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // One request is all that a client may say.
        guard !self.isAnswering else { return context.close(promise: nil) }
        var data = self.unwrapInboundIn(data)
        self.request.writeBuffer(&data)
        guard let end = self.request.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else {
            if self.request.readableBytes > ControlProtocol.longestRequest { context.close(promise: nil) }
            return
        }
        let length = end - self.request.readerIndex
        guard length <= ControlProtocol.longestRequest, self.request.readableBytes == length + 1 else {
            return context.close(promise: nil)
        }
        self.begin(self.request.readBytes(length: length) ?? [], context.channel)
    }

    private func begin(_ request: [UInt8], _ channel: any Channel) {
        self.isAnswering = true
        self.request = ByteBuffer()
        self.deadline?.cancel()
        let onEnd = NIOLoopBound(self.onEnd, eventLoop: channel.eventLoop)
        Task { [answer] in
            try? await answer(request, channel)
            channel.close(promise: nil)
            channel.eventLoop.execute { onEnd.value() }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // It may end its side when it has asked.
        guard let event = event as? ChannelEvent, event == .inputClosed, !self.isAnswering else { return }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.deadline?.cancel()
        if !self.isAnswering { self.onEnd() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
