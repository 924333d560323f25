/// A proxy between us and the first server: it connects where we ask, and passes the bytes on.
public struct ProxyServer: Hashable, Sendable {
    /// How it is asked.
    public enum Kind: String, Sendable {
        /// RFC 1928, with RFC 1929 where it wants a password.
        case socks5
        /// CONNECT (RFC 9110 §9.3.6), with the Basic scheme (RFC 7617) where it wants a password.
        case http

        /// Where a proxy listens that names no port: what IANA has for SOCKS, and the port of the URL's scheme.
        var port: UInt16 {
            switch self {
            case .socks5: 1080
            case .http: 80
            }
        }
    }

    public var kind: Kind
    /// A name or an address, without brackets.
    public var host: String
    public var port: UInt16
    public var login: Login?

    /// Who we are there. RFC 1929 has up to 255 bytes for each.
    public struct Login: Hashable, Sendable {
        public var user: String
        public var password: String

        public init(user: String, password: String) {
            self.user = user
            self.password = password
        }

        static let longest = 255

        /// RFC 7617 §2: a colon ends the user's name, and neither has control characters.
        var isUsable: Bool {
            let parts = [self.user.utf8, self.password.utf8]
            return !self.user.isEmpty && !self.user.utf8.contains(UInt8(ascii: ":"))
                && parts.allSatisfy { $0.count <= Self.longest && $0.allSatisfy { $0 >= 0x20 && $0 != 0x7f } }
        }
    }

    public init(_ kind: Kind, host: String, port: UInt16? = nil, login: Login? = nil) {
        self.kind = kind
        self.host = host
        self.port = port ?? kind.port
        self.login = login
    }

    /// `socks5://[user[:password]@]host[:port]` or the same with `http://`; what cannot stand in a URL is percent-encoded.
    ///
    /// `socks5h` is curl's word for what `socks5` is here: the proxy looks the name up.
    ///
    /// - Returns: nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
        let scheme = text[..<colon].lowercased()
        guard let kind = Kind(rawValue: scheme == "socks5h" ? "socks5" : scheme) else { return nil }
        var rest = text[colon...].dropFirst("://".count)
        if rest.last == "/" { rest.removeLast() }
        var login: Login?
        if let at = rest.lastIndex(of: "@") {
            guard let parsed = Self.login(rest[..<at]), parsed.isUsable else { return nil }
            login = parsed
            rest = rest[at...].dropFirst()
        }
        guard let (host, port) = HostAndPort.split(String(rest)), !host.isEmpty,
            (try? NameRules.check(host: host, user: nil)) != nil
        else { return nil }
        guard let port else {
            self.init(kind, host: host, login: login)
            return
        }
        guard let number = PortNumber.parse(port), number > 0 else { return nil }
        self.init(kind, host: host, port: number, login: login)
    }

    private static func login(_ text: Substring) -> Login? {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let user = parts.first.flatMap(Destination.percentDecoded) else { return nil }
        guard parts.count == 2 else { return Login(user: user, password: "") }
        return Destination.percentDecoded(parts[1]).map { Login(user: user, password: $0) }
    }

    /// `kind://host:port`: what the log shows.
    public var name: String {
        let host = self.host.utf8.contains(UInt8(ascii: ":")) ? "[\(self.host)]" : self.host
        return "\(self.kind.rawValue)://\(host):\(self.port)"
    }
}

extension ProxyServer: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// With asterisks for the password.
    public var description: String {
        guard let login = self.login else { return self.name }
        let prefix = "\(self.kind.rawValue)://"
        return "\(prefix)\(Self.encoded(login.user)):***@\(self.name.dropFirst(prefix.count))"
    }

    public var debugDescription: String { self.description }

    public var customMirror: Mirror { Mirror(self, children: []) }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain =
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: ".")
            if isPlain { return String(UnicodeScalar(byte)) }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}

extension ProxyServer.Login: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(self.user):***" }

    public var debugDescription: String { self.description }

    public var customMirror: Mirror { Mirror(self, children: []) }
}
