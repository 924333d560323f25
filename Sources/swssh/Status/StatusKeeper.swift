import NIOCore
import SSHClient
import SSHSystem
import Synchronization

/// Follows forwards that come back, for whoever asks how they are doing, and for systemd.
final class StatusKeeper: Sendable {
    private struct State {
        var status: TunnelStatus
        var connections: [String: SSHConnection] = [:]
        /// What all connections have moved that have ended.
        var before: [String: SSHTraffic] = [:]
        var isReady = false
    }

    private let state: Mutex<State>
    private let notifier: ServiceNotifier?

    /// - Parameter notifier: nil if systemd does not ask.
    init(_ configuration: ClientConfiguration, notifier: ServiceNotifier?) {
        let status = TunnelStatus(
            host: configuration.originalHost,
            mode: configuration.relayMode,
            requests: configuration.forwardRequests
        )
        self.state = Mutex(State(status: status))
        self.notifier = notifier
    }

    /// These are the servers from now on.
    func follow(_ relays: [String]) {
        self.state.withLock { state in
            state.status.follow(relays, now: .now())
            // A name server may have another name each time.
            state.before = state.before.filter { relays.contains($0.key) }
        }
    }

    /// A connection is there; `tell` hears of it next.
    func use(_ connection: SSHConnection, _ relay: String) {
        self.state.withLock { $0.connections[relay] = connection }
    }

    /// - Parameters:
    ///   - relay: which of the servers it is about; nil for this machine's listeners.
    ///   - words: what is said of an error.
    func tell(_ event: ReconnectEvent, _ relay: String?, _ words: (any Error) -> String) {
        if case .disconnected = event, let relay { self.connectionEnded(relay) }
        let (line, becomesReady) = self.state.withLock { state in
            state.status.tell(event, relay, words, now: .now())
            let becomesReady = state.status.stands && !state.isReady
            state.isReady = state.isReady || becomesReady
            return (state.status.line, becomesReady)
        }
        if becomesReady { self.notifier?.ready(line) } else { self.notifier?.status(line) }
    }

    /// Tells systemd, as often as it wants, that the event loop still does its work; until the task is cancelled.
    func keepAlive(_ eventLoop: any EventLoop) async {
        await self.notifier?.keepAlive { try? await eventLoop.submit {}.get() }
    }

    func stopping() {
        self.notifier?.stopping("Ending.")
    }

    /// How everything is now.
    func current() async -> TunnelStatus {
        var (status, connections, before) = self.state.withLock { ($0.status, $0.connections, $0.before) }
        for index in status.relays.indices {
            let name = status.relays[index].name
            status.relays[index].traffic = before[name] ?? SSHTraffic()
            guard let connection = connections[name] else { continue }
            let traffic = await connection.traffic()
            status.relays[index].traffic = status.relays[index].traffic + traffic
            status.relays[index].address = await connection.address()
        }
        return status
    }

    private func connectionEnded(_ relay: String) {
        guard let connection = self.state.withLock({ $0.connections.removeValue(forKey: relay) }) else { return }
        Task {
            let traffic = await connection.traffic()
            self.state.withLock { $0.before[relay] = ($0.before[relay] ?? SSHTraffic()) + traffic }
        }
    }
}
