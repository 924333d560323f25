import SSHWire

/// The destination on the command line: `[user@]host` or `ssh://[user@]host[:port]`.
struct Destination: Hashable {
    var user: String?
    var host: String
    var port: UInt16?

    /// - Returns: nil if it is no destination at all, which ssh answers with its usage.
    init?(_ text: String) {
        if let uri = Self.parseURI(text) {
            guard let parsed = uri else { return nil }
            self = parsed
            return
        }
        guard let at = text.lastIndex(of: "@") else {
            guard !text.isEmpty else { return nil }
            self.host = text
            return
        }
        self.user = String(text[..<at])
        self.host = String(text[text.index(after: at)...])
        guard at != text.startIndex, !self.host.isEmpty else { return nil }
    }

    private init(user: String?, host: String, port: UInt16?) {
        self.user = user
        self.host = host
        self.port = port
    }

    /// - Returns: nil if it is no URI, `.some(nil)` if it is a bad one.
    static func parseURI(_ text: String) -> Destination?? {
        guard text.lowercased().hasPrefix("ssh://") else { return nil }
        var rest = text.dropFirst("ssh://".count)
        // A path is legal only if it is empty.
        if let slash = rest.firstIndex(of: "/") {
            guard rest.index(after: slash) == rest.endIndex else { return .some(nil) }
            rest = rest[..<slash]
        }
        guard var destination = Self.parseUserHostPort(String(rest)) else { return .some(nil) }
        if let user = destination.user {
            // The draft for ssh URIs allows parameters after a semicolon; ssh ignores them.
            guard let decoded = Self.percentDecoded(user.prefix { $0 != ";" }), !decoded.isEmpty else {
                return .some(nil)
            }
            destination.user = decoded
        }
        return destination
    }

    /// `[user@]host[:port]`.
    static func parseUserHostPort(_ text: String) -> Destination? {
        var user: String?
        var rest = Substring(text)
        if let at = text.lastIndex(of: "@") {
            guard at != text.startIndex else { return nil }
            user = String(text[..<at])
            rest = text[text.index(after: at)...]
        }
        guard let (host, port) = HostAndPort.split(String(rest)), !host.isEmpty else { return nil }
        guard let port else { return Destination(user: user, host: host, port: nil) }
        guard let number = PortNumber.parse(port), number > 0 else { return nil }
        return Destination(user: user, host: host, port: number)
    }

    static func percentDecoded(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16), value != 0
            else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
