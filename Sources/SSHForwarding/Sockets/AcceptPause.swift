import Glibc
import NIOCore

/// Leaves a listener alone for a second when the system has no descriptor or no memory for the connection that waits there.
///
/// It would be tried again at once and for ever otherwise, with all that the processor has.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.seconds(1)
    /// Between two words about it.
    private static let silence = TimeAmount.minutes(1)

    private let report: (@Sendable (any Error) -> Void)?
    private var lastReport: NIODeadline?

    init(_ report: (@Sendable (any Error) -> Void)? = nil) {
        self.report = report
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        if self.lastReport.map({ .now() - $0 >= Self.silence }) ?? true {
            self.lastReport = .now()
            self.report?(error)
        }
        let options = NIOLoopBound(context.channel.syncOptions, eventLoop: context.eventLoop)
        try? options.value?.setOption(.autoRead, value: false)
        // By then the listener may be closed.
        context.eventLoop.scheduleTask(in: Self.pause) { try? options.value?.setOption(.autoRead, value: true) }
    }

    /// For a bootstrap of listeners.
    static func adding() -> @Sendable (any Channel) -> EventLoopFuture<Void> {
        { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AcceptPause()) }
        }
    }
}
