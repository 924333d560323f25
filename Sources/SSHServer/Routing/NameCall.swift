import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// From one client of the relay to a device that has a name: a channel to it, opened as the caller's is, without a socket.
///
/// The caller is told yes when the device has said so. A device that stays silent has `patience`; one that shows life is waited
/// for as long as it takes to reach what it forwards to.
final class NameCall {
    /// Why there is no way to the device, in the caller's words.
    struct Failure: Error {
        let reason: ChannelOpenFailure.Reason
        let message: String
    }

    private static let patience = LifeQuestion.patience
    /// When a device that has not answered yet is asked for a sign of life: what it dials may be slow, and itself be there.
    private static let firstDoubt = TimeAmount.milliseconds(500)

    private let began = NIODeadline.now()
    private let client: any RoutedClient
    private let tunnel: Tunnel
    private let taken: EventLoopPromise<Void>
    private var doubt: Scheduled<Void>?
    private var isAnswered = false

    /// - Parameters:
    ///   - client: the device's, on whose event loop everything happens.
    ///   - taken: learns what becomes of the call.
    init(to client: any RoutedClient, through tunnel: Tunnel, _ taken: EventLoopPromise<Void>) {
        self.client = client
        self.tunnel = tunnel
        self.taken = taken
    }

    func open(_ kind: ChannelOpen.Kind, for socket: any Channel) {
        self.tunnel.open(kind, for: socket) { isOpen in self.answered(isOpen) }
        guard !self.isAnswered, let eventLoop = self.client.handler?.eventLoop else { return }
        self.doubt = eventLoop.assumeIsolated().scheduleTask(in: Self.firstDoubt) { self.ask(on: eventLoop) }
    }

    private func ask(on eventLoop: any EventLoop) {
        guard let handler = self.client.handler, handler.lastHeard <= self.began else { return }
        handler.perform { try $0.askForLife() }
        self.doubt = eventLoop.assumeIsolated().scheduleTask(in: Self.patience - Self.firstDoubt) { self.giveUp() }
    }

    private func giveUp() {
        guard let handler = self.client.handler, handler.lastHeard <= self.began, !self.isAnswered else { return }
        self.client.requestLog.info("\(self.client.peer): silent for 3 s, while it is called by its name")
        self.fail(.connectFailed, "the device does not answer")
        self.tunnel.close(.timedOut)
    }

    private func answered(_ isOpen: Bool) {
        guard !self.isAnswered else { return }
        if isOpen {
            self.isAnswered = true
            self.doubt?.cancel()
            self.taken.succeed()
        } else if let refusal = self.tunnel.refusal {
            self.fail(refusal.reason, refusal.message)
        } else {
            self.fail(.connectFailed, "the device is gone")
        }
    }

    private func fail(_ reason: ChannelOpenFailure.Reason, _ message: String) {
        self.isAnswered = true
        self.doubt?.cancel()
        self.taken.fail(Failure(reason: reason, message: message))
    }
}
