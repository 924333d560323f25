import Glibc
import NIOCore

/// Leaves a listener alone for a second when the system has no descriptor or no memory for the connection that waits there.
///
/// It would be tried again at once and for ever otherwise, with all that the processor has.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.seconds(1)

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        let options = NIOLoopBound(context.channel.syncOptions, eventLoop: context.eventLoop)
        try? options.value?.setOption(.autoRead, value: false)
        // By then the listener may be closed.
        context.eventLoop.scheduleTask(in: Self.pause) { try? options.value?.setOption(.autoRead, value: true) }
    }

    /// For a bootstrap of listeners.
    static func add(to channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AcceptPause()) }
    }
}
