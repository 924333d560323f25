import SSHConfiguration

/// A socket to open for a listen request.
public enum BindAddress: Hashable, Sendable {
    /// 127.0.0.1
    case loopback4
    /// ::1
    case loopback6
    /// 0.0.0.0
    case wildcard4
    /// ::
    case wildcard6
    /// Exactly what was asked for: a numeric address or a name of this host.
    case address(String)

    /// The address as the system takes it.
    var text: String {
        switch self {
        case .loopback4: "127.0.0.1"
        case .loopback6: "::1"
        case .wildcard4: "0.0.0.0"
        case .wildcard6: "::"
        case .address(let text): text
        }
    }
}

extension GatewayPorts {
    /// The sockets that a request for `host` opens. Permission was judged on `host` itself, before this mapping.
    ///
    /// - Returns: nothing if `family` has no such address; where several are returned, one that can be bound is enough.
    func bindAddresses(requested host: String, family: AddressFamily) -> [BindAddress] {
        let loopbacks = family.select(.loopback4, .loopback6)
        let wildcards = family.select(.wildcard4, .wildcard6)
        switch self {
        case .no:
            switch host {
            case "127.0.0.1": return family.select(.loopback4, nil)
            case "::1": return family.select(nil, .loopback6)
            default: return loopbacks
            }
        case .yes:
            return wildcards
        case .clientSpecified:
            switch host {
            case "", "*": return wildcards
            case "localhost": return loopbacks
            case "127.0.0.1": return family.select(.loopback4, nil)
            case "::1": return family.select(nil, .loopback6)
            case "0.0.0.0": return family.select(.wildcard4, nil)
            case "::": return family.select(nil, .wildcard6)
            default:
                guard let numeric = IPAddress(host) else { return [.address(host)] }
                return numeric.bitCount == 32 ? family.select(.address(host), nil) : family.select(nil, .address(host))
            }
        }
    }
}

extension AddressFamily {
    fileprivate func select(_ ipv4: BindAddress?, _ ipv6: BindAddress?) -> [BindAddress] {
        [self == .inet6 ? nil : ipv4, self == .inet ? nil : ipv6].compactMap(\.self)
    }
}
