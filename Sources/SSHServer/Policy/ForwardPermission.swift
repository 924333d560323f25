import SSHConfiguration

/// One `host:port` of a PermitListen, PermitOpen, `permitlisten=` or `permitopen=`.
public struct ForwardPermission: Hashable, Sendable {
    public enum Port: Hashable, Sendable {
        case any
        case number(UInt16)

        func matches(_ port: UInt32) -> Bool {
            switch self {
            case .any: true
            case .number(let number): UInt32(number) == port
            }
        }
    }

    public let host: String
    public let port: Port
    /// The line that it stands in.
    public let rule: Rule
    /// `host:port` as it was written, which is how `-T` prints it.
    let text: String
    private let pattern: Pattern

    /// - Parameter allowsBarePort: a port alone means `*:port`.
    /// - Throws: `InvalidValue`.
    init(_ text: String, allowsBarePort: Bool, rule: Rule) throws {
        let isBarePort = allowsBarePort && !text.utf8.contains(UInt8(ascii: ":"))
        let (host, port) = isBarePort ? ("*", text) : try Self.split(text)
        guard host.utf8.count < 1025 else { throw InvalidValue("a host name of \(host.utf8.count) bytes") }
        self.host = host
        self.port = port == "*" ? .any : .number(try PortNumber.parse(port))
        self.rule = rule
        self.text = isBarePort ? "*:\(text)" : text
        self.pattern = Pattern(host)
    }

    /// The requested host is lowercased and the rule's is a pattern that is not; a request for port 0 needs `*`.
    func permitsListening(host: String, port: UInt32) -> Bool {
        self.port.matches(port) && self.pattern.matches(host.asciiLowercased)
    }

    /// The requested host is compared byte by byte, before any look-up; only a whole `*` is a wildcard.
    func permitsOpening(host: String, port: UInt32) -> Bool {
        self.port.matches(port) && (self.host == "*" || Array(self.host.utf8) == Array(host.utf8))
    }

    /// Whether it is about a device's name: wildcards count, and case does not. `%k` stands for the name of the key.
    ///
    /// - Parameter keyName: the key's comment, or the identifier of its certificate; nil if that is no legal name.
    func permits(_ name: DeviceName, port: UInt32, keyName: DeviceName?) -> Bool {
        guard self.port.matches(port) else { return false }
        guard self.host.contains(Self.keyToken) else {
            return Pattern(self.host.asciiLowercased).matches(name.text)
        }
        guard let keyName else { return false }
        // A legal name has no wildcard that it could smuggle into the pattern.
        let host = self.host.replacing(Self.keyToken, with: keyName.text)
        return Pattern(host.asciiLowercased).matches(name.text)
    }

    /// It names one host and one port.
    var isLiteral: Bool { self.host != "*" && self.port != .any }

    /// It hangs on what the key is called.
    var namesKey: Bool { self.host.contains(Self.keyToken) }

    private static let keyToken = "%k"

    private static func split(_ text: String) throws -> (host: String, port: String) {
        let bytes = Array(text.utf8)
        let end: Int?
        if bytes.first == UInt8(ascii: "[") {
            end = bytes.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 }
        } else {
            end = bytes.firstIndex(of: UInt8(ascii: ":"))
        }
        guard let end, end < bytes.count, bytes[end] == UInt8(ascii: ":"), !bytes[..<end].contains(UInt8(ascii: "/"))
        else {
            throw InvalidValue("\"\(text)\" is not a host and a port, expected host:port, [address]:port or host:*")
        }
        let bracketed = bytes.first == UInt8(ascii: "[")
        let host = bracketed ? bytes[1..<(end - 1)] : bytes[..<end]
        return (String(decoding: host, as: UTF8.self), String(decoding: bytes[(end + 1)...], as: UTF8.self))
    }
}

/// The argument of PermitListen or PermitOpen.
public enum PermitList: Hashable, Sendable {
    case any
    case none
    case only([ForwardPermission])
}
