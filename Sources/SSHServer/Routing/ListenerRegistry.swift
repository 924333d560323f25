import Synchronization

/// Which connection of this process listens on which address and port or has which name, so that a device is found, and one
/// that comes back can have its own listener again.
final class ListenerRegistry: ListenerDirectory {
    private struct Listener {
        let holder: any ListenerHolder
        let addresses: [String]
        let boundAddresses: [String]
    }

    private let listeners = Mutex<[UInt16: [Listener]]>([:])
    private let names = Mutex<[RegisteredName: [any ListenerHolder]]>([:])

    func holders(of place: HeldPlace) -> [any ListenerHolder] {
        switch place {
        case .port(let port, let addresses):
            self.listeners.withLock { listeners in
                listeners[port, default: []]
                    .filter { listener in listener.addresses.contains { Self.conflicts($0, with: addresses) } }
                    .map(\.holder)
            }
        case .name(let name): self.names.withLock { $0[name, default: []] }
        }
    }

    /// "localhost" has both families, and TCP would take the one that comes first: only who holds both is found by it.
    func holder(atLoopback host: String, port: UInt16) -> (holder: any ListenerHolder, bound: String)? {
        let (ipv4, ipv6) = (["127.0.0.1", "0.0.0.0"], ["::1", "::"])
        let found = self.listeners.withLock { listeners -> (holder: any ListenerHolder, bound: String, index: Int)? in
            guard let all = listeners[port] else { return nil }
            switch host {
            case "127.0.0.1": return Self.first(of: all, boundTo: ipv4)
            case "::1": return Self.first(of: all, boundTo: ipv6)
            case "localhost":
                guard let found = Self.first(of: all, boundTo: ipv6), let other = Self.first(of: all, boundTo: ipv4),
                    found.index == other.index
                else { return nil }
                return found
            default: return nil
            }
        }
        return found.map { ($0.holder, $0.bound) }
    }

    /// An address goes before the wildcard that covers it.
    private static func first(
        of listeners: [Listener],
        boundTo addresses: [String]
    ) -> (holder: any ListenerHolder, bound: String, index: Int)? {
        for bound in addresses {
            if let index = listeners.firstIndex(where: { $0.boundAddresses.contains(bound) }) {
                return (listeners[index].holder, bound, index)
            }
        }
        return nil
    }

    func insert(_ holder: any ListenerHolder, at place: HeldPlace, boundAddresses: [String]) {
        switch place {
        case .port(let port, let addresses):
            let listener = Listener(holder: holder, addresses: addresses, boundAddresses: boundAddresses)
            self.listeners.withLock { $0[port, default: []].append(listener) }
        case .name(let name): self.names.withLock { $0[name, default: []].append(holder) }
        }
    }

    func remove(connection: UInt64, from place: HeldPlace) {
        switch place {
        case .port(let port, let addresses):
            self.listeners.withLock { listeners in
                listeners[port]?.removeAll { $0.holder.connection == connection && $0.addresses == addresses }
                if listeners[port]?.isEmpty == true { listeners[port] = nil }
            }
        case .name(let name):
            self.names.withLock { names in
                names[name]?.removeAll { $0.connection == connection }
                if names[name]?.isEmpty == true { names[name] = nil }
            }
        }
    }

    /// A wildcard takes every address of its family.
    static func conflicts(_ address: String, with others: [String]) -> Bool {
        others.contains { other in
            guard address.contains(":") == other.contains(":") else { return false }
            return address == other || [address, other].contains { $0 == "0.0.0.0" || $0 == "::" }
        }
    }
}
