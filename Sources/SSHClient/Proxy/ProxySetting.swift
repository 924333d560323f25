import SSHConfiguration
import SSHWire

/// The keyword Proxy: which proxy leads to the first server.
public enum ProxySetting: Hashable, Sendable {
    case none
    /// What the variables of the environment say (all_proxy, https_proxy, no_proxy).
    case environment
    case server(ProxyServer)

    /// - Returns: nil for what is no value of the keyword.
    init?(_ text: String) {
        switch text.lowercased() {
        case "none": self = .none
        case "environment": self = .environment
        default:
            guard let server = ProxyServer(text) else { return nil }
            self = .server(server)
        }
    }

    /// As `-G` prints it.
    var words: String {
        switch self {
        case .none: "none"
        case .environment: "environment"
        case .server(let server): server.description
        }
    }

    /// In the order in which they are asked: SSH is neither HTTP nor HTTPS, so that the one for everything comes first.
    private static let variables = ["all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY"]

    /// The proxy on the way to a host; nil for none.
    ///
    /// - Throws: `invalidConfiguration` if a variable of the environment names no proxy that can be used.
    public func server(for host: String, in environment: LocalEnvironment) throws -> ProxyServer? {
        switch self {
        case .none: return nil
        case .server(let server): return server
        case .environment:
            let set = Self.variables.lazy.compactMap { name in
                environment.variable(name).flatMap { $0.isEmpty ? nil : (name, $0) }
            }
            guard let (name, value) = set.first else { return nil }
            let exceptions = ["no_proxy", "NO_PROXY"].compactMap(environment.variable).first { !$0.isEmpty } ?? ""
            if Self.isExcepted(host, by: exceptions) { return nil }
            // curl and others take a proxy without a scheme for one of HTTP.
            guard let server = ProxyServer(value.contains("://") ? value : "http://\(value)") else {
                throw SSHError(
                    .invalidConfiguration,
                    "the variable \(name) names no proxy: expected socks5:// or http://, [user:password@], host[:port]"
                )
            }
            return server
        }
    }

    /// no_proxy: names with all that ends in them, addresses and ranges of addresses; `*` for everything.
    static func isExcepted(_ host: String, by list: String) -> Bool {
        let address = IPAddress(host)?.normalized
        let name = host.lowercased().trimmingDots
        return list.split { $0 == "," || $0.isWhitespace }.contains { item in
            if item == "*" { return true }
            if let address { return (try? AddressRange(String(item)))?.contains(address) ?? false }
            let domain = item.hasPrefix("*.") ? item.dropFirst(2) : item
            let suffix = String(domain).lowercased().trimmingDots
            return !suffix.isEmpty && (name == suffix || name.hasSuffix("." + suffix))
        }
    }
}

extension String {
    fileprivate var trimmingDots: String {
        let start = self.drop { $0 == "." }
        return String(start.reversed().drop { $0 == "." }.reversed())
    }
}
