import NIOCore
import SSHSystem
import Synchronization

/// Ports by which an account reaches its devices for a while: `connect` opens them.
///
/// Nothing listens there: a socket keeps the number from others, and whoever comes through the relay as that account is led to the
/// device in memory. So neither other accounts nor other users of the machine get in.
final class ConnectPorts: Sendable {
    static let mostOfAccount = 64
    static let most = 4096

    /// There are as many as there may be.
    enum Full: Error {
        case account
        case relay
    }

    /// How long a port stays.
    struct Life: Hashable, Sendable {
        /// From when it is opened, or opened again.
        let total: TimeAmount
        /// Without a tunnel.
        let idle: TimeAmount
    }

    struct Port: Hashable, Sendable {
        let number: UInt16
        let name: RegisteredName
        /// In seconds since 1970.
        let expires: UInt64
        let tunnels: Int
    }

    private struct Entry {
        let name: RegisteredName
        let reservation: PortReservation
        let serial: UInt64
        var life: Life
        var begins: NIODeadline
        var expires: UInt64
        var lastUse: NIODeadline
        var tunnels: [ObjectIdentifier: any Channel] = [:]

        /// When it is to go, if nothing happens meanwhile.
        var end: NIODeadline {
            let end = self.begins + self.life.total
            return self.tunnels.isEmpty ? min(end, self.lastUse + self.life.idle) : end
        }
    }

    private struct State {
        var entries: [UInt16: Entry] = [:]
        var lastSerial: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Opens a port to the device; one that is open already begins its life anew.
    ///
    /// - Parameters:
    ///   - now: in seconds since 1970.
    ///   - eventLoop: where its end is waited for.
    /// - Throws: `Full`, or what the system says.
    func open(_ name: RegisteredName, _ life: Life, now: UInt64, on eventLoop: any EventLoop) throws -> UInt16 {
        let expires = now + UInt64(max(0, life.total.nanoseconds / 1_000_000_000))
        let (number, serial) = try self.state.withLock { state throws -> (UInt16, UInt64?) in
            if let number = state.entries.first(where: { $0.value.name == name })?.key {
                state.entries[number]?.life = life
                state.entries[number]?.begins = .now()
                state.entries[number]?.lastUse = .now()
                state.entries[number]?.expires = expires
                return (number, state.entries[number]?.serial)
            }
            guard state.entries.count < Self.most else { throw Full.relay }
            guard state.entries.values.count(where: { $0.name.isOfSameAccount(as: name) }) < Self.mostOfAccount else {
                throw Full.account
            }
            let reservation = try PortReservation()
            state.lastSerial += 1
            state.entries[reservation.port] = Entry(
                name: name,
                reservation: reservation,
                serial: state.lastSerial,
                life: life,
                begins: .now(),
                expires: expires,
                lastUse: .now()
            )
            return (reservation.port, state.lastSerial)
        }
        if let serial { self.watch(number, serial, on: eventLoop) }
        return number
    }

    /// The device to which a port of a loopback address leads for this account; nil if it is not one of its ports.
    func name(at host: String, port: UInt16, for account: String) -> RegisteredName? {
        guard ["localhost", "127.0.0.1", "::1"].contains(host) else { return nil }
        return self.state.withLock { state in
            guard let name = state.entries[port]?.name, name.isOf(account) else { return nil }
            return name
        }
    }

    /// A tunnel through the port has begun.
    ///
    /// - Parameter socket: closed with the port.
    /// - Returns: false if the port is gone.
    func began(_ socket: any Channel, at port: UInt16, to name: RegisteredName) -> Bool {
        let id = ObjectIdentifier(socket)
        let isThere = self.state.withLock { state in
            guard state.entries[port]?.name == name else { return false }
            state.entries[port]?.tunnels[id] = socket
            state.entries[port]?.lastUse = .now()
            return true
        }
        guard isThere else { return false }
        socket.closeFuture.whenComplete { _ in
            self.state.withLock { state in
                state.entries[port]?.tunnels[id] = nil
                state.entries[port]?.lastUse = .now()
            }
        }
        return true
    }

    /// Closes the ports that lead to a name, whatever its port, and their tunnels.
    ///
    /// - Returns: their numbers.
    func close(_ name: DeviceName, of account: String) -> [UInt16] {
        let numbers = self.state.withLock { state in
            state.entries.filter { $0.value.name.name == name && $0.value.name.isOf(account) }.map(\.key)
        }
        for number in numbers { self.close(number, ifSerial: nil) }
        return numbers.sorted()
    }

    func ports(of account: String) -> [Port] {
        self.state.withLock { state in
            state.entries.filter { $0.value.name.isOf(account) }.map { number, entry in
                Port(number: number, name: entry.name, expires: entry.expires, tunnels: entry.tunnels.count)
            }
        }.sorted { $0.number < $1.number }
    }

    private func close(_ number: UInt16, ifSerial serial: UInt64?) {
        let entry = self.state.withLock { state -> Entry? in
            if let serial, state.entries[number]?.serial != serial { return nil }
            return state.entries.removeValue(forKey: number)
        }
        for socket in entry.map({ Array($0.tunnels.values) }) ?? [] { socket.close(promise: nil) }
    }

    private func watch(_ number: UInt16, _ serial: UInt64, on eventLoop: any EventLoop) {
        let end = self.state.withLock { state in
            state.entries[number].flatMap { $0.serial == serial ? $0.end : nil }
        }
        guard let end else { return }
        guard end > .now() else { return self.close(number, ifSerial: serial) }
        // A second more at least: nobody is to have it looked at all the time.
        let look = max(end, .now() + .seconds(1))
        eventLoop.scheduleTask(deadline: look) { self.watch(number, serial, on: eventLoop) }
    }
}

/// Keeps a port of 127.0.0.1 from others, and refuses whoever connects to it.
private final class PortReservation: Sendable {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        (self.descriptor, self.port) = try ReservedPort.bind()
    }

    deinit { ReservedPort.release(self.descriptor) }
}
