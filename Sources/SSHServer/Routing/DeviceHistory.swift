import Synchronization

/// What has become of devices: who was there, until when, and who called. Bounded for each account and for all.
final class DeviceHistory: Sendable {
    static let eventsOfPlace = 16
    static let placesOfAccount = 16_384
    static let places = 65_536

    /// A device's name, or a port that a device asked for.
    struct PlaceName: Hashable, Sendable {
        let host: String
        let port: UInt16
        let isName: Bool
    }

    struct Event: Hashable, Sendable {
        enum Kind: String, Hashable, Sendable {
            case online
            case gone
            case called
            /// Somebody called, and the device did not answer.
            case silent
        }

        /// Rises with each event of the place.
        let serial: UInt64
        /// In seconds since 1970.
        let time: UInt64
        let kind: Kind
        /// The device's, or the caller's.
        let address: String
        let port: Int
    }

    /// A place as it was last seen.
    struct Place: Hashable, Sendable {
        let name: PlaceName
        /// The fingerprint of the key that had it last.
        var key: String
        var address: String
        /// Now, as long as somebody has it; in seconds since 1970.
        var lastSeen: UInt64
        /// The connections that have it.
        var holders = 0
        fileprivate(set) var events: [Event] = []
        fileprivate var lastSerial: UInt64 = 0

        init(name: PlaceName, key: String, address: String, lastSeen: UInt64) {
            (self.name, self.key, self.address, self.lastSeen) = (name, key, address, lastSeen)
        }

        fileprivate mutating func add(_ kind: Event.Kind, _ peer: PeerName, _ now: UInt64) {
            self.lastSerial += 1
            if self.events.count >= DeviceHistory.eventsOfPlace { self.events.removeFirst() }
            self.events.append(
                Event(serial: self.lastSerial, time: now, kind: kind, address: peer.address, port: peer.port)
            )
        }
    }

    fileprivate struct State {
        var accounts: [[UInt8]: [PlaceName: Place]] = [:]
        var count = 0
    }

    private let state = Mutex(State())

    /// - Parameter now: in seconds since 1970.
    func began(_ name: PlaceName, of account: String, _ peer: PeerName, key: String, now: UInt64) {
        self.state.withLock { state in
            let account = Array(account.utf8)
            if state.accounts[account]?[name] == nil {
                guard state.makeRoom(in: account) else { return }
                state.count += 1
            }
            var place =
                state.accounts[account]?[name] ?? Place(name: name, key: key, address: peer.address, lastSeen: now)
            (place.key, place.address, place.lastSeen) = (key, peer.address, now)
            place.holders += 1
            place.add(.online, peer, now)
            state.accounts[account, default: [:]][name] = place
        }
    }

    func ended(_ name: PlaceName, of account: String, _ peer: PeerName, now: UInt64) {
        self.change(name, of: account) { place in
            place.holders = max(0, place.holders - 1)
            place.lastSeen = now
            place.add(.gone, peer, now)
        }
    }

    /// - Parameter kind: `called` or `silent`.
    func note(_ kind: Event.Kind, at name: PlaceName, of account: String, by caller: PeerName, now: UInt64) {
        self.change(name, of: account) { $0.add(kind, caller, now) }
    }

    /// Places that nobody has now.
    func placesThatAreGone(of account: String) -> [Place] {
        self.state.withLock { state in
            state.accounts[Array(account.utf8)]?.values.filter { $0.holders == 0 } ?? []
        }
    }

    /// All ports of a device's name.
    func places(named name: DeviceName, of account: String) -> [Place] {
        self.state.withLock { state in
            state.accounts[Array(account.utf8)]?.values.filter { $0.name.isName && $0.name.host == name.text } ?? []
        }
    }

    private func change(_ name: PlaceName, of account: String, _ body: (inout Place) -> Void) {
        self.state.withLock { state in
            let account = Array(account.utf8)
            guard var place = state.accounts[account]?[name] else { return }
            body(&place)
            state.accounts[account]?[name] = place
        }
    }
}

extension DeviceHistory.State {
    /// The account's places that have been gone for the longest time make way, a quarter at once.
    ///
    /// - Returns: false if there is no room.
    fileprivate mutating func makeRoom(in account: [UInt8]) -> Bool {
        let places = self.accounts[account] ?? [:]
        guard places.count >= DeviceHistory.placesOfAccount || self.count >= DeviceHistory.places else { return true }
        let gone = places.values.filter { $0.holders == 0 }.sorted { $0.lastSeen < $1.lastSeen }
        for place in gone.prefix(max(1, gone.count / 4)) {
            self.accounts[account]?[place.name] = nil
            self.count -= 1
        }
        return !gone.isEmpty
    }
}

extension HeldPlace {
    /// - Parameter host: as the client asked for it.
    func historyName(host: String) -> DeviceHistory.PlaceName {
        switch self {
        case .name(let name): DeviceHistory.PlaceName(host: name.name.text, port: name.port, isName: true)
        case .port(let port, _): DeviceHistory.PlaceName(host: host, port: port, isName: false)
        }
    }
}

extension RegisteredName {
    var historyName: DeviceHistory.PlaceName {
        DeviceHistory.PlaceName(host: self.name.text, port: self.port, isName: true)
    }
}
