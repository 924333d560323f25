/// One forward as ssh's `-L`, `-R` and `-D` and their keywords name it.
public struct ForwardSpecification: Hashable, Sendable {
    public let listen: ListenEndpoint
    public let target: ForwardTarget

    public init(listen: ListenEndpoint, target: ForwardTarget) {
        self.listen = listen
        self.target = target
    }
}

/// Where a forward listens: on this machine for `-L` and `-D`, on the server for `-R`.
public enum ListenEndpoint: Hashable, Sendable {
    /// Port 0 asks the server to choose one and is legal only for `-R`.
    case port(ForwardBindAddress, UInt16)
    /// A Unix socket.
    case path(String)
}

/// The optional bind address before a listening port.
public enum ForwardBindAddress: Hashable, Sendable {
    /// Nothing was written: the loopback addresses, unless GatewayPorts says otherwise.
    case unspecified
    /// An empty address or `*`.
    case wildcard(String)
    /// A host name or an IP address, without brackets.
    case address(String)

    init(written text: String) {
        self = text.isEmpty || text == "*" ? .wildcard(text) : .address(text)
    }

    /// What `tcpip-forward` carries for it (RFC 4254 §7.1): the empty string means every address.
    public var requestedAddress: String {
        switch self {
        case .unspecified: "localhost"
        case .wildcard: ""
        case .address(let address): address
        }
    }

    /// Where a client's own listener for it binds.
    public func localBinding(gatewayPorts: Bool) -> LocalBinding {
        switch self {
        case .unspecified: gatewayPorts ? .everyAddress : .loopback
        case .wildcard: .everyAddress
        case .address("localhost"): .loopback
        case .address(let address): .address(address)
        }
    }
}

/// What a listener on this machine binds to.
public enum LocalBinding: Hashable, Sendable {
    /// 127.0.0.1 and ::1.
    case loopback
    /// 0.0.0.0 and ::.
    case everyAddress
    case address(String)
}

/// Where the connections of a forward go.
public enum ForwardTarget: Hashable, Sendable {
    case host(String, port: UInt16)
    /// A Unix socket.
    case path(String)
    /// Each connection names its own target over SOCKS.
    case socks
}

extension ForwardSpecification: CustomStringConvertible {
    /// As it would be written after `-L`, `-R` or `-D`.
    public var description: String {
        switch self.target {
        case .socks: self.listen.description
        case .host, .path: "\(self.listen):\(self.target)"
        }
    }

    /// As `ssh -G` prints the arguments of LocalForward, RemoteForward and DynamicForward.
    var configurationText: String {
        let listen =
            switch self.listen {
            case .port(.unspecified, let port): "\(port)"
            case .port(.wildcard(let text), let port): "[\(text)]:\(port)"
            case .port(.address(let address), let port): "[\(address)]:\(port)"
            case .path(let path): path
            }
        switch self.target {
        case .socks: return listen
        case .path(let path): return "\(listen) \(path)"
        case .host(let host, let port): return "\(listen) [\(host)]:\(port)"
        }
    }
}

extension ListenEndpoint: CustomStringConvertible {
    public var description: String {
        switch self {
        case .port(.unspecified, let port): "\(port)"
        case .port(.wildcard(let text), let port): "\(text):\(port)"
        case .port(.address(let address), let port): "\(bracketed(address)):\(port)"
        case .path(let path): path
        }
    }
}

extension ForwardTarget: CustomStringConvertible {
    public var description: String {
        switch self {
        case .host(let host, let port): "\(bracketed(host)):\(port)"
        case .path(let path): path
        case .socks: "socks"
        }
    }
}

/// An IPv6 address needs brackets before a port can follow it.
private func bracketed(_ host: String) -> String {
    host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
}
