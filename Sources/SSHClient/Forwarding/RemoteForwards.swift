import NIOCore
import SSHWire

/// What was asked of the server with tcpip-forward, and what of it stands (RFC 4254 §7.1).
///
/// A forwarded-tcpip channel is accepted only if it names a listener in here (CVE-2026-81535).
struct RemoteForwards {
    /// The server's answer to one request.
    enum Answer: Equatable {
        /// - Parameter port: the one asked for, or the one that the server chose.
        case listening(ForwardSpecification, port: UInt16)
        case refused(ForwardSpecification)
        /// It is no answer to a request for a forward.
        case unrelated
    }

    private var awaited: [UInt64: (address: ForwardAddress, specification: ForwardSpecification)] = [:]
    private var live: [ForwardAddress: ForwardTarget] = [:]

    /// - Returns: what tcpip-forward carries for it; nil if it is no forward from a port.
    static func address(of specification: ForwardSpecification) -> ForwardAddress? {
        guard case .port(let bindAddress, let port) = specification.listen else { return nil }
        return ForwardAddress(host: bindAddress.requestedAddress, port: UInt32(port))
    }

    /// The request of that number was sent.
    mutating func requested(_ specification: ForwardSpecification, _ address: ForwardAddress, number: UInt64) {
        self.awaited[number] = (address, specification)
    }

    /// - Parameter success: the reply's data, or nil for no.
    mutating func answered(_ number: UInt64, success: ByteBuffer?) -> Answer {
        guard let request = self.awaited.removeValue(forKey: number) else { return .unrelated }
        let specification = request.specification
        var address = request.address
        guard let success else { return .refused(specification) }
        if address.port == 0 {
            var reader = WireReader(success)
            guard let port = try? reader.readUInt32() else { return .refused(specification) }
            address.port = port
        }
        guard let port = UInt16(exactly: address.port), port > 0 else { return .refused(specification) }
        self.live[address] = specification.target
        return .listening(specification, port: port)
    }

    /// Where a connection to one of the server's listeners leads; nil if nobody asked for that listener.
    func target(host: String, port: UInt32) -> ForwardTarget? {
        self.live[ForwardAddress(host: host, port: port)]
    }
}
