import NIOCore

/// Several forwards that are being set up together. Everything happens on the connection's event loop.
final class ForwardStart {
    private let forwards: Forwards
    private let failsAtOnce: Bool
    private let promise: EventLoopPromise<[Forward]>
    /// Forwards whose fate is not known yet, and one for the start itself.
    private var awaited = 1
    private var standing: [Forward] = []

    /// - Parameter failsAtOnce: with the first forward that cannot be set up.
    init(_ forwards: Forwards, _ eventLoop: any EventLoop, failsAtOnce: Bool) {
        self.forwards = forwards
        self.failsAtOnce = failsAtOnce
        self.promise = eventLoop.makePromise()
    }

    var ready: EventLoopFuture<[Forward]> { self.promise.futureResult }

    func await() {
        self.awaited += 1
    }

    func stands(_ request: ForwardRequest, port: UInt16?) {
        self.standing.append(Forward(request: request, port: port))
        self.settled()
    }

    func failed(_ request: ForwardRequest, _ cause: any Error) {
        if self.failsAtOnce {
            self.promise.fail(ForwardFailure(request: request, cause: cause))
        } else {
            self.forwards.tell(.failed(request, cause))
        }
        self.settled()
    }

    /// The connection has ended.
    func fail(_ reason: any Error) {
        self.promise.fail(reason)
    }

    func settled() {
        self.awaited -= 1
        if self.awaited == 0 { self.promise.succeed(self.standing) }
    }
}
