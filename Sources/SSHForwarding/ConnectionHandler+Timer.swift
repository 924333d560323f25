public import NIOCore

/// The handler itself is what the event loop calls: a timer for each of thousands of connections takes no memory of its own.
extension ConnectionHandler: NIOScheduledCallbackHandler {
    public func handleScheduledCallback(eventLoop: some EventLoop) {
        self.advance()
    }
}
