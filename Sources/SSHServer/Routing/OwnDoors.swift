import NIOCore
import SSHConfiguration
import Synchronization

/// The ports on which the relay itself waits for connections. A rule that opens everything does not mean these: whoever comes in through one
/// comes from this machine, in the relay's own eyes.
final class OwnDoors: Sendable {
    private struct Door {
        let address: IPAddress
        let port: UInt16

        var isWildcard: Bool { self.address.bytes.allSatisfy { $0 == 0 } }
    }

    /// A connection has found one of them.
    struct Refused: Error {}

    private static let reason = "that is the relay's own port, which a rule has to name in full"
    static let rule = Rule.builtIn(reason)

    /// Why a rule that permits it does not count.
    static func notBy(_ rule: Rule) -> Rule { rule.because(self.reason) }

    private let doors = Mutex<[Door]>([])

    /// Where the relay listens from now on.
    func follow(_ addresses: [SocketAddress]) {
        let doors = addresses.compactMap { address -> Door? in
            guard let own = IPAddress(socket: address), let port = address.port.flatMap(UInt16.init(exactly:)) else {
                return nil
            }
            return Door(address: own, port: port)
        }
        self.doors.withLock { $0 = doors }
    }

    /// Whether a connection to this port may lead to us; `leadsHere` says it for certain.
    func has(port: UInt32) -> Bool {
        self.doors.withLock { doors in doors.contains { UInt32($0.port) == port } }
    }

    /// Whether a host is one of ours by its looks: an address, or `localhost`.
    func leadsHere(host: String, port: UInt32) -> Bool {
        let addresses = host == "localhost" ? ["127.0.0.1", "::1"] : [host]
        return addresses.compactMap { IPAddress($0)?.normalized }.contains { address in
            self.leadsHere(to: address, isThisMachine: address.isLoopback || address.bytes.allSatisfy { $0 == 0 }, port)
        }
    }

    /// Whether a connection that stands is one to us.
    func leadsHere(_ socket: any Channel) -> Bool {
        guard let remote = socket.remoteAddress, let port = remote.port, let address = IPAddress(socket: remote) else {
            return false
        }
        // The system gives a connection to one of its own addresses that address at both ends.
        let isThisMachine = address.isLoopback || socket.localAddress.flatMap(IPAddress.init(socket:)) == address
        return self.leadsHere(to: address, isThisMachine: isThisMachine, UInt32(clamping: port))
    }

    private func leadsHere(to address: IPAddress, isThisMachine: Bool, _ port: UInt32) -> Bool {
        self.doors.withLock { doors in
            doors.contains { door in
                guard UInt32(door.port) == port else { return false }
                return door.address == address || (door.isWildcard && isThisMachine)
            }
        }
    }
}

extension IPAddress {
    fileprivate init?(socket: SocketAddress) {
        guard let text = socket.ipAddress, let address = IPAddress(text) else { return nil }
        self = address.normalized
    }

    fileprivate var isLoopback: Bool {
        self.bytes.count == 4
            ? self.bytes[0] == 127 : self.bytes.dropLast().allSatisfy { $0 == 0 } && self.bytes.last == 1
    }
}
