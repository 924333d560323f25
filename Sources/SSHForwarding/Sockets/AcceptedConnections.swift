import NIOCore
import Synchronization

/// Connections that one thread has accepted and others have not begun yet. Nobody counts their descriptors meanwhile, so they are
/// bounded, for all listeners that share this together: what comes beyond waits in the kernel.
package final class AcceptedConnections: Sendable {
    private struct State {
        var count = 0
        /// Listeners that wait until there are fewer.
        var waiting: [@Sendable () -> Void] = []
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: how many, give or take the few that are accepted at a time.
    package init(limit: Int) {
        self.limit = max(limit, 1)
    }

    func accepted() {
        self.state.withLock { $0.count += 1 }
    }

    /// One of them is looked after by its own event loop now.
    func begun() {
        let waiting = self.state.withLock { state in
            state.count -= 1
            guard state.count <= self.limit / 2, !state.waiting.isEmpty else { return [@Sendable () -> Void]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for resume in waiting { resume() }
    }

    /// Whether a further one may be accepted.
    ///
    /// - Parameter resume: called once, on any thread, when it may be and could not at first.
    func admitsAnother(otherwise resume: @escaping @Sendable () -> Void) -> Bool {
        self.state.withLock { state in
            guard state.count >= self.limit else { return true }
            state.waiting.append(resume)
            return false
        }
    }
}

/// Has a listener wait while too many of its connections have not begun.
final class AcceptBound: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let connections: AcceptedConnections
    private var isWaiting = false

    init(_ connections: AcceptedConnections) {
        self.connections = connections
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.connections.accepted()
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        guard !self.isWaiting else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let isAdmitted = self.connections.admitsAnother {
            eventLoop.execute {
                let (handler, context) = bound.value
                handler.isWaiting = false
                // It asks again if there are too many once more, and does nothing if the listener is closed.
                handler.read(context: context)
            }
        }
        if isAdmitted { context.read() } else { self.isWaiting = true }
    }
}
