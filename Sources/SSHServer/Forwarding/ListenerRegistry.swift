import NIOCore
import Synchronization

/// Which connection listens on which address and port, so that a device that comes back can have its own listener again.
final class ListenerRegistry: Sendable {
    /// Who holds a listener.
    struct Holder: Sendable {
        let connection: UInt64
        let account: String
        /// The key that logged in, as it goes over the wire.
        let key: [UInt8]
        let reference: NIOLoopBound<ServerConnection>
    }

    private struct Listener {
        let holder: Holder
        let addresses: [String]
        let boundAddresses: [String]
    }

    private let listeners = Mutex<[UInt16: [Listener]]>([:])

    /// Those that listen on one of the addresses with this port.
    func holders(of addresses: [String], port: UInt16) -> [Holder] {
        self.listeners.withLock { listeners in
            listeners[port, default: []]
                .filter { listener in listener.addresses.contains { Self.conflicts($0, with: addresses) } }
                .map(\.holder)
        }
    }

    /// Who listens where a connection of this machine to one of its loopback addresses arrives; nil for any other host.
    func holder(atLoopback host: String, port: UInt16) -> Holder? {
        let ways: [(address: String, wildcard: String)] =
            switch host {
            case "127.0.0.1": [("127.0.0.1", "0.0.0.0")]
            case "::1": [("::1", "::")]
            case "localhost": [("::1", "::"), ("127.0.0.1", "0.0.0.0")]
            default: []
            }
        guard !ways.isEmpty else { return nil }
        return self.listeners.withLock { listeners in
            guard let all = listeners[port] else { return nil }
            for bound in ways.flatMap({ [$0.address, $0.wildcard] }) {
                if let found = all.first(where: { $0.boundAddresses.contains(bound) }) { return found.holder }
            }
            return nil
        }
    }

    func insert(_ holder: Holder, addresses: [String], boundAddresses: [String], port: UInt16) {
        let listener = Listener(holder: holder, addresses: addresses, boundAddresses: boundAddresses)
        self.listeners.withLock { $0[port, default: []].append(listener) }
    }

    func remove(connection: UInt64, addresses: [String], port: UInt16) {
        self.listeners.withLock { listeners in
            guard var all = listeners[port] else { return }
            all.removeAll { $0.holder.connection == connection && $0.addresses == addresses }
            listeners[port] = all.isEmpty ? nil : all
        }
    }

    /// A wildcard takes every address of its family.
    private static func conflicts(_ address: String, with others: [String]) -> Bool {
        others.contains { other in
            guard address.contains(":") == other.contains(":") else { return false }
            return address == other || [address, other].contains { $0 == "0.0.0.0" || $0 == "::" }
        }
    }
}
