public import NIOCore

extension ConnectionHandler: NIOScheduledCallbackHandler {
    /// The socket is about to read on.
    public func read(context: ChannelHandlerContext) {
        guard let pause = self.pauseBeforeRead else { return context.read() }
        self.pauseBeforeRead = nil
        let eventLoop = context.eventLoop.assumeIsolated()
        // An event loop that takes no more callbacks is about to end.
        if (try? eventLoop.scheduleCallback(in: pause, handler: self)) == nil { context.read() }
    }

    /// The pause is over.
    public func handleScheduledCallback(eventLoop: some EventLoop) {
        // A socket that was told to wait meanwhile asks again when it may go on.
        if self.isReading { self.context?.read() }
    }
}
