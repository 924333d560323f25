import SSHForwarding
import SSHProtocol
import SSHWire

/// The listeners of one connection, by what the client calls them: the host it asked for and the port that was bound. Names of
/// devices are among them.
final class RemoteForwards {
    struct Listener {
        /// What the client asked for; the port may be 0.
        let requested: ForwardAddress
        fileprivate let stand: Stand
        /// What it takes of the account's share.
        fileprivate let room: ListenerRoom?

        var port: UInt16 {
            switch self.stand {
            case .sockets(let sockets, _): sockets.port
            case .name(let name): name.port
            }
        }

        /// What nobody else can have meanwhile.
        var place: HeldPlace {
            switch self.stand {
            case .sockets(let sockets, let addresses): .port(sockets.port, addresses: addresses)
            case .name(let name): .name(name)
            }
        }

        /// Those of the addresses that could be bound.
        var boundAddresses: [String] {
            switch self.stand {
            case .sockets(let sockets, _): sockets.addresses
            case .name: []
            }
        }

        fileprivate var id: ForwardAddress { ForwardAddress(host: self.requested.host, port: UInt32(self.port)) }
    }

    /// What a request has come to.
    enum Stand {
        /// - Parameter addresses: those that the request stands for, as the system takes them.
        case sockets(PortListener, addresses: [String])
        case name(RegisteredName)

        func close() {
            if case .sockets(let sockets, _) = self { sockets.close() }
        }
    }

    /// One request among those for the same address: another may have been taken back and made again before it is answered.
    struct Ticket: Equatable {
        fileprivate let number: UInt64
    }

    /// Why there will be no listener.
    enum Refusal: Error, CustomStringConvertible {
        case exists
        /// MaxListeners.
        case limit(Int)
        case noRoom
        case closed

        var description: String {
            switch self {
            case .exists: "the connection has that listener already"
            case .limit(let limit): "the connection has \(limit) listeners (MaxListeners)"
            case .noRoom: "the account holds all the memory or sockets that it may for now"
            case .closed: "the connection has ended"
            }
        }
    }

    private enum Entry {
        case binding(Ticket)
        case listening(Listener)
    }

    private var entries: [ForwardAddress: Entry] = [:]
    /// Requests whose sockets are being bound, taken back or not: work is done for each.
    private var underWay = 0
    private var lastTicket: UInt64 = 0
    /// What the requests under way take of the account's share.
    private var rooms: [UInt64: ListenerRoom] = [:]
    private(set) var isClosed = false
    /// Listeners on Unix sockets, by the path that the client asked for.
    var unixEntries: [String: UnixEntry] = [:]
    private unowned let owner: any RemoteForwardsOwner

    init(owner: any RemoteForwardsOwner) {
        self.owner = owner
    }

    /// Listeners, and requests for listeners that are under way.
    var count: Int { self.listeningCount + self.underWay + self.unixListenerCount }
    private var listeningCount = 0

    var listeners: [Listener] {
        self.entries.values.compactMap { entry in
            if case .listening(let listener) = entry { listener } else { nil }
        }
    }

    /// - Returns: what `finish` or `fail` wants to see.
    func begin(_ address: ForwardAddress, hasSockets: Bool = true) throws(Refusal) -> Ticket {
        // With port 0 it cannot be told from others yet.
        guard address.port == 0 || self.entries[address] == nil else { throw .exists }
        let ticket = try self.beginWork(hasSockets: hasSockets)
        if address.port != 0 { self.entries[address] = .binding(ticket) }
        return ticket
    }

    /// - Parameter hasSockets: a name has none.
    func beginWork(hasSockets: Bool = true) throws(Refusal) -> Ticket {
        guard !self.isClosed else { throw .closed }
        let room = try self.owner.takeListenerRoom(beside: self.count, hasSockets: hasSockets)
        self.lastTicket += 1
        self.underWay += 1
        self.rooms[self.lastTicket] = room
        return Ticket(number: self.lastTicket)
    }

    /// - Returns: what the request has taken of the account's share.
    @discardableResult
    func endWork(_ ticket: Ticket) -> ListenerRoom? {
        self.underWay -= 1
        return self.rooms.removeValue(forKey: ticket.number)
    }

    /// Whether the client has neither gone nor taken its request back.
    func isWanted(_ address: ForwardAddress, _ ticket: Ticket) -> Bool {
        !self.isClosed && (address.port == 0 || self.isBinding(address, ticket))
    }

    private func isBinding(_ address: ForwardAddress, _ ticket: Ticket) -> Bool {
        if case .binding(ticket) = self.entries[address] { true } else { false }
    }

    /// - Returns: false if the connection has gone meanwhile, or the client took its request back: the socket is closed.
    func finish(_ requested: ForwardAddress, _ ticket: Ticket, _ stand: Stand) -> Bool {
        let room = self.endWork(ticket)
        if case .sockets(let sockets, _) = stand { room?.descriptors?.shrink(to: sockets.socketCount) }
        let listener = Listener(requested: requested, stand: stand, room: room)
        let isWanted =
            requested.port == 0 ? self.entries[listener.id] == nil : self.isBinding(requested, ticket)
        guard isWanted, !self.isClosed else {
            stand.close()
            return false
        }
        self.entries[listener.id] = .listening(listener)
        self.listeningCount += 1
        self.owner.opened(listener)
        return true
    }

    func fail(_ requested: ForwardAddress, _ ticket: Ticket) {
        self.endWork(ticket)
        if self.isBinding(requested, ticket) { self.entries[requested] = nil }
    }

    /// - Returns: false if there is no such listener.
    func cancel(_ address: ForwardAddress) -> Bool {
        guard let entry = self.entries.removeValue(forKey: address) else { return false }
        if case .listening(let listener) = entry { self.end(listener) }
        return true
    }

    func close(_ listener: Listener) {
        _ = self.cancel(listener.id)
    }

    /// No listener is left, and none begins any more.
    func closeAll() {
        self.isClosed = true
        for listener in self.listeners { self.end(listener) }
        self.entries = [:]
        self.closeAllUnix()
    }

    private func end(_ listener: Listener) {
        listener.stand.close()
        self.listeningCount -= 1
        self.owner.closed(listener)
    }
}

/// Who has the listeners, and outlives them.
protocol RemoteForwardsOwner: AnyObject {
    /// Takes of the account's share what a listener needs, or says why that cannot be.
    ///
    /// - Parameter count: listeners that there are, and requests for listeners that are under way.
    func takeListenerRoom(beside count: Int, hasSockets: Bool) throws(RemoteForwards.Refusal) -> ListenerRoom?
    func opened(_ listener: RemoteForwards.Listener)
    func closed(_ listener: RemoteForwards.Listener)
}

/// What a listener takes of its account's shares, for as long as it is there.
struct ListenerRoom {
    let memory: ResourceReservation
    /// nil for a name.
    let descriptors: ResourceReservation?
}
