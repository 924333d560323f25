package import NIOCore
import SSHWire

/// Looks names up, for sockets.
package enum HostResolution {
    /// Blocks until the system has answered.
    ///
    /// - Parameter family: of the addresses: AF_UNSPEC, AF_INET or AF_INET6.
    /// - Throws: `connectionLost` with the system's reason.
    package static func addresses(of host: String, port: UInt16, family: CInt) throws -> [SocketAddress] {
        do {
            return try Self.find(host, port: port, family: family)
        } catch let failure as NameFailure {
            throw SSHError(.connectionLost, "Could not resolve hostname \(host): \(failure.reason)")
        }
    }

    /// The same.
    ///
    /// - Throws: `NameFailure`.
    package static func find(_ host: String, port: UInt16, family: CInt) throws -> [SocketAddress] {
        try AddressLookup.addresses(of: host, port: port, family: family).map {
            try SocketAddress.makeAddressResolvingHost($0, port: Int(port))
        }
    }
}
