import SSHForwarding
import SSHWire

/// The listeners of one connection, by what the client calls them: the host it asked for and the port that was bound.
final class RemoteForwards {
    /// Listeners on one connection; each holds sockets.
    static let maximum = 64

    private enum Entry {
        case binding
        case listening(PortListener)
    }

    private var entries: [ForwardAddress: Entry] = [:]
    /// Requests for port 0 that are being bound: they have no name yet.
    private var unnamed = 0
    private var isClosed = false

    /// - Returns: false if the client has that listener already, or too many.
    func begin(_ address: ForwardAddress) -> Bool {
        guard self.entries.count + self.unnamed < Self.maximum else { return false }
        guard address.port != 0 else {
            self.unnamed += 1
            return true
        }
        guard self.entries[address] == nil else { return false }
        self.entries[address] = .binding
        return true
    }

    /// - Returns: false if the connection has gone meanwhile, or the client took its request back: the listener is closed.
    func finish(_ requested: ForwardAddress, _ listener: PortListener) -> Bool {
        let name = ForwardAddress(host: requested.host, port: UInt32(listener.port))
        let isWanted: Bool
        if requested.port == 0 {
            self.unnamed -= 1
            isWanted = self.entries[name] == nil
        } else {
            isWanted = self.entries[name] != nil
        }
        guard isWanted, !self.isClosed else {
            listener.close()
            return false
        }
        self.entries[name] = .listening(listener)
        return true
    }

    func fail(_ requested: ForwardAddress) {
        if requested.port == 0 { self.unnamed -= 1 } else { self.entries[requested] = nil }
    }

    /// - Returns: false if there is no such listener.
    func cancel(_ address: ForwardAddress) -> Bool {
        guard let entry = self.entries.removeValue(forKey: address) else { return false }
        if case .listening(let listener) = entry { listener.close() }
        return true
    }

    func closeAll() {
        self.isClosed = true
        for case .listening(let listener) in self.entries.values { listener.close() }
        self.entries = [:]
    }
}
