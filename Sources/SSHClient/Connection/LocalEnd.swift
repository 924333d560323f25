import Glibc
import NIOCore
import SSHSystem
import SSHWire

/// The address of this machine that a connection comes from (BindAddress, BindInterface).
struct LocalEnd: Sendable {
    /// Nil leaves it to the system.
    private let addresses: [SocketAddress]?
    private let name: String

    /// Blocks until a name has been looked up. As in ssh, BindAddress comes before BindInterface.
    ///
    /// - Throws: `system` if there is no such address or interface.
    init(_ options: ConnectionOptions) throws {
        if let address = options.bindAddress {
            self.name = address
            do {
                self.addresses = try HostResolution.find(address, port: 0, family: AF_UNSPEC)
            } catch let failure as NameFailure {
                throw SSHError(.system, "getaddrinfo: \(address): \(failure.reason)")
            }
        } else if let interface = options.bindInterface {
            self.name = interface
            self.addresses = try InterfaceAddresses.forConnections(on: interface).map {
                try SocketAddress.makeAddressResolvingHost($0, port: 0)
            }
        } else {
            self.name = ""
            self.addresses = nil
        }
    }

    /// - Returns: nil leaves it to the system.
    /// - Throws: `system` if there is none of the family.
    func address(to remote: SocketAddress) throws -> SocketAddress? {
        guard let addresses = self.addresses else { return nil }
        guard let address = addresses.first(where: { $0.protocol == remote.protocol }) else {
            throw SSHError(.system, "\(self.name): no suitable addresses")
        }
        return address
    }
}
