import SSHForwarding
import Synchronization

/// What all tunnels of the relay have moved that have ended, as clients see it.
final class EndedTraffic: Sendable {
    private let fromClients = Atomic<UInt64>(0)
    private let toClients = Atomic<UInt64>(0)

    func add(_ tunnel: Tunnel) {
        self.fromClients.wrappingAdd(tunnel.bytesReceived, ordering: .relaxed)
        self.toClients.wrappingAdd(tunnel.bytesSent, ordering: .relaxed)
    }

    var sent: UInt64 { self.fromClients.load(ordering: .relaxed) }
    var received: UInt64 { self.toClients.load(ordering: .relaxed) }
}
