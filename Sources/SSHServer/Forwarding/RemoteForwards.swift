import SSHForwarding
import SSHWire

/// The listeners of one connection, by what the client calls them: the host it asked for and the port that was bound.
final class RemoteForwards {
    /// Listeners on one connection; each holds sockets.
    static let maximum = 64

    struct Listener {
        /// What the client asked for; the port may be 0.
        let requested: ForwardAddress
        /// The addresses that the request stands for, as the system takes them.
        let addresses: [String]
        fileprivate let socket: PortListener

        var port: UInt16 { self.socket.port }
        /// Those of the addresses that could be bound.
        var boundAddresses: [String] { self.socket.addresses }
        fileprivate var name: ForwardAddress { ForwardAddress(host: self.requested.host, port: UInt32(self.port)) }
    }

    /// One request among those for the same address: another may have been taken back and made again before it is answered.
    struct Ticket: Equatable {
        fileprivate let number: UInt64
    }

    private enum Entry {
        case binding(Ticket)
        case listening(Listener)
    }

    private var entries: [ForwardAddress: Entry] = [:]
    /// Requests whose sockets are being bound, taken back or not: work is done for each.
    private var underWay = 0
    private var lastTicket: UInt64 = 0
    private(set) var isClosed = false
    /// Listeners on Unix sockets, by the path that the client asked for.
    var unixEntries: [String: UnixEntry] = [:]
    private let onOpen: (Listener) -> Void
    private let onClose: (Listener) -> Void

    init(onOpen: @escaping (Listener) -> Void, onClose: @escaping (Listener) -> Void) {
        self.onOpen = onOpen
        self.onClose = onClose
    }

    private var count: Int { self.listeners.count + self.underWay + self.unixListenerCount }
    var hasRoom: Bool { self.count < Self.maximum }

    var listeners: [Listener] {
        self.entries.values.compactMap { entry in
            if case .listening(let listener) = entry { listener } else { nil }
        }
    }

    /// - Returns: what `finish` or `fail` wants to see; nil if the client has that listener already, or too many.
    func begin(_ address: ForwardAddress) -> Ticket? {
        // With port 0 it has no name yet.
        guard self.hasRoom, address.port == 0 || self.entries[address] == nil, let ticket = self.beginWork() else {
            return nil
        }
        if address.port != 0 { self.entries[address] = .binding(ticket) }
        return ticket
    }

    /// - Returns: nil when the connection has gone.
    func beginWork() -> Ticket? {
        guard !self.isClosed else { return nil }
        self.lastTicket += 1
        self.underWay += 1
        return Ticket(number: self.lastTicket)
    }

    func endWork() {
        self.underWay -= 1
    }

    /// Whether the client has neither gone nor taken its request back.
    func isWanted(_ address: ForwardAddress, _ ticket: Ticket) -> Bool {
        !self.isClosed && (address.port == 0 || self.isBinding(address, ticket))
    }

    private func isBinding(_ address: ForwardAddress, _ ticket: Ticket) -> Bool {
        if case .binding(ticket) = self.entries[address] { true } else { false }
    }

    /// - Returns: false if the connection has gone meanwhile, or the client took its request back: the socket is closed.
    func finish(_ requested: ForwardAddress, _ ticket: Ticket, _ addresses: [String], _ socket: PortListener) -> Bool {
        self.endWork()
        let listener = Listener(requested: requested, addresses: addresses, socket: socket)
        let isWanted =
            requested.port == 0 ? self.entries[listener.name] == nil : self.isBinding(requested, ticket)
        guard isWanted, !self.isClosed else {
            socket.close()
            return false
        }
        self.entries[listener.name] = .listening(listener)
        self.onOpen(listener)
        return true
    }

    func fail(_ requested: ForwardAddress, _ ticket: Ticket) {
        self.endWork()
        if self.isBinding(requested, ticket) { self.entries[requested] = nil }
    }

    /// - Returns: false if there is no such listener.
    func cancel(_ address: ForwardAddress) -> Bool {
        guard let entry = self.entries.removeValue(forKey: address) else { return false }
        if case .listening(let listener) = entry { self.end(listener) }
        return true
    }

    func close(_ listener: Listener) {
        _ = self.cancel(listener.name)
    }

    /// No listener is left, and none begins any more.
    func closeAll() {
        self.isClosed = true
        for listener in self.listeners { self.end(listener) }
        self.entries = [:]
        self.closeAllUnix()
    }

    private func end(_ listener: Listener) {
        listener.socket.close()
        self.onClose(listener)
    }
}
