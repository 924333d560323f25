import NIOCore
import SSHForwarding

/// Local listeners that stay while connections come and go. Who connects between two connections is kept waiting for a while.
///
/// Everything happens on one event loop.
final class StandingListeners {
    /// So many may wait at once; what comes beyond is closed.
    static let mostHeld = 256

    private struct Held {
        let socket: any Channel
        let forward: ForwardSpecification
        let timer: Scheduled<Void>
    }

    private struct Leader {
        weak var forwards: Forwards?
    }

    private let eventLoop: any EventLoop
    private let hold: TimeAmount
    private let listeners: LocalListeners
    /// Those of the connections that stand; the first that does has what comes.
    private var leaders: [Leader] = []
    private var held: [UInt64: Held] = [:]
    private var nextNumber: UInt64 = 0

    /// - Parameter hold: how long somebody is kept waiting.
    init(_ options: ConnectionOptions, hold: TimeAmount, eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.hold = hold
        self.listeners = LocalListeners(options)
        self.listeners.onAccept = { [weak self] socket, forward in
            guard let self else { return socket.close(promise: nil) }
            self.accepted(socket, forward)
        }
    }

    /// Listens for one forward.
    func listen(_ request: ForwardRequest, _ options: ForwardOptions) -> EventLoopFuture<UInt16?> {
        let promise = self.eventLoop.makePromise(of: UInt16?.self)
        self.listeners.listen(request, options, on: self.eventLoop) { promise.completeWith($0) }
        return promise.futureResult
    }

    /// What comes goes through this connection when no earlier one stands, those first who have been waiting longest.
    func lead(to forwards: Forwards) {
        self.leaders.removeAll { Self.isOver($0) }
        self.leaders.append(Leader(forwards: forwards))
        let waiting = self.held.sorted { $0.key < $1.key }
        self.held = [:]
        for (_, held) in waiting {
            held.timer.cancel()
            forwards.accepted(held.socket, for: held.forward)
        }
    }

    func close() {
        self.listeners.close()
        for held in self.held.values {
            held.timer.cancel()
            held.socket.close(promise: nil)
        }
        self.held = [:]
    }

    /// A tunnel on its way out may hold those of a connection that has ended.
    private static func isOver(_ leader: Leader) -> Bool { leader.forwards?.connection.hasEnded ?? true }

    private func accepted(_ socket: any Channel, _ forward: ForwardSpecification) {
        if let forwards = self.leaders.first(where: { !Self.isOver($0) })?.forwards {
            return forwards.accepted(socket, for: forward)
        }
        guard self.held.count < Self.mostHeld, self.hold > .zero else { return socket.close(promise: nil) }
        let number = self.nextNumber
        self.nextNumber += 1
        let timer = self.eventLoop.assumeIsolated().scheduleTask(in: self.hold) { [weak self] in
            guard let held = self?.held.removeValue(forKey: number) else { return }
            held.socket.close(promise: nil)
        }
        self.held[number] = Held(socket: socket, forward: forward, timer: timer)
    }
}
