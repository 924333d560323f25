import NIOCore
import SSHClient

/// How the forwards of a Host are doing, relay by relay.
struct TunnelStatus: Sendable {
    /// The Host, as it was written on the command line.
    let host: String
    let mode: RelayMode
    let requests: [ForwardRequest]
    var relays: [RelayStatus] = []

    /// Whether every forward can be used now: through one relay, or through each with `RelayMode.all`.
    var stands: Bool {
        switch self.mode {
        case .failover: self.relays.contains(where: \.stands)
        case .all: !self.relays.isEmpty && self.relays.allSatisfy(\.stands)
        }
    }

    /// These are the servers from now on; those that are known stay what they are.
    mutating func follow(_ names: [String], now: NIODeadline) {
        let before = Dictionary(self.relays.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.relays = names.map { before[$0] ?? RelayStatus($0, self.requests, now: now) }
    }

    /// - Parameter relay: nil for this machine's listeners, which are the same for all.
    mutating func tell(
        _ event: ReconnectEvent,
        _ relay: String?,
        _ words: (any Error) -> String,
        now: NIODeadline
    ) {
        for index in self.relays.indices where relay == nil || self.relays[index].name == relay {
            self.relays[index].follow(event, words, now: now)
        }
    }
}

/// One relay, and the forwards that lead through it.
struct RelayStatus: Sendable {
    /// So many outages are remembered.
    static let mostOutages = 16

    enum State: Hashable, Sendable {
        case connecting
        case connected
        /// There is no connection, and this is why.
        case waiting(cause: String)
    }

    /// A time without a connection.
    struct Outage: Sendable {
        let began: NIODeadline
        /// nil while it lasts.
        var ended: NIODeadline?
        let cause: String
    }

    /// `host:port`.
    let name: String
    private(set) var state = State.connecting
    /// When the state came about.
    private(set) var since: NIODeadline
    /// Where the connection leads; nil behind a proxy, and without a connection.
    var address: String?
    private(set) var forwards: [ForwardStatus]
    /// The last ones, the latest first.
    private(set) var outages: [Outage] = []
    /// Bytes of the connections that have ended, and of the one that stands.
    var traffic = SSHTraffic()

    init(_ name: String, _ requests: [ForwardRequest], now: NIODeadline) {
        self.name = name
        self.since = now
        self.forwards = requests.map(ForwardStatus.init)
    }

    var isConnected: Bool { self.state == .connected }

    var stands: Bool { self.isConnected && self.forwards.allSatisfy(\.isGiven) }

    mutating func follow(_ event: ReconnectEvent, _ words: (any Error) -> String, now: NIODeadline) {
        switch event {
        case .connected: self.connected(now: now)
        case .disconnected(let error, let wasConnected, _):
            self.disconnected(because: words(error), wasConnected: wasConnected, now: now)
        case .forwardRefused(let failure, _): self.refused(failure.request, because: words(failure))
        case .forwardGiven(let forward, _): self.given(forward)
        case .allStand, .checking: break
        }
    }

    mutating func connected(now: NIODeadline) {
        (self.state, self.since) = (.connected, now)
        guard self.outages.first?.ended == nil, !self.outages.isEmpty else { return }
        self.outages[0].ended = now
    }

    /// - Parameter wasConnected: or else another try has failed.
    mutating func disconnected(because cause: String, wasConnected: Bool, now: NIODeadline) {
        if case .waiting = self.state {} else { self.since = now }
        self.state = .waiting(cause: cause)
        for index in self.forwards.indices { self.forwards[index].connectionEnded() }
        guard wasConnected else { return }
        self.outages.insert(Outage(began: now, cause: cause), at: 0)
        self.outages = Array(self.outages.prefix(Self.mostOutages))
    }

    mutating func given(_ forward: Forward) {
        self.change(forward.request) { $0.state = .given(port: forward.port) }
    }

    mutating func refused(_ request: ForwardRequest, because cause: String) {
        self.change(request) { $0.state = .refused(cause: cause) }
    }

    /// The same request may stand there more than once.
    private mutating func change(_ request: ForwardRequest, _ body: (inout ForwardStatus) -> Void) {
        for index in self.forwards.indices where self.forwards[index].request == request { body(&self.forwards[index]) }
    }
}

/// One forward.
struct ForwardStatus: Sendable {
    enum State: Hashable, Sendable {
        case awaited
        /// - Parameter port: nil for a Unix socket.
        case given(port: UInt16?)
        /// It is asked for again.
        case refused(cause: String)
    }

    let request: ForwardRequest
    var state: State

    /// A local listener stands before the first connection, unless it is said to be refused.
    init(_ request: ForwardRequest) {
        self.request = request
        self.state = request.side == .local ? .given(port: request.specification.port) : .awaited
    }

    /// As it would be written on ssh's command line.
    var words: String { "\(self.request.option) \(self.request.specification)" }

    var isGiven: Bool {
        if case .given = self.state { true } else { false }
    }

    /// What the server had granted is gone; a listener of this machine stays.
    mutating func connectionEnded() {
        if self.request.side == .remote { self.state = .awaited }
    }
}

extension ForwardSpecification {
    fileprivate var port: UInt16? {
        if case .port(_, let port) = self.listen { port } else { nil }
    }
}
