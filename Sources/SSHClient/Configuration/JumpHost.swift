import SSHWire

/// A host to pass through on the way to the destination.
public struct JumpHost: Hashable, Sendable, CustomStringConvertible {
    public var user: String?
    public var host: String
    public var port: UInt16?

    public init(user: String?, host: String, port: UInt16?) {
        self.user = user
        self.host = host
        self.port = port
    }

    /// `[user@]host[:port],...` as after `-J`; each may be an ssh URI. Empty for `none`.
    static func parseList(_ text: String) throws -> [JumpHost] {
        if text.lowercased() == "none" { return [] }
        return try text.split(separator: ",", omittingEmptySubsequences: false).map { item in
            let item = String(item)
            let parsed = Destination.parseURI(item) ?? Destination.parseUserHostPort(item)
            guard let parsed else {
                throw SSHError(.invalidConfiguration, "Invalid ProxyJump \"\(text)\"")
            }
            try NameRules.check(host: parsed.host, user: parsed.user)
            return JumpHost(user: parsed.user, host: parsed.host, port: parsed.port)
        }
    }

    public var description: String {
        let host = self.host.utf8.contains(UInt8(ascii: ":")) ? "[\(self.host)]" : self.host
        return (self.user.map { $0 + "@" } ?? "") + host + (self.port.map { ":\($0)" } ?? "")
    }
}
