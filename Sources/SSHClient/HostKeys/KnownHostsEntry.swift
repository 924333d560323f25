import SSHConfiguration
public import SSHCrypto

/// One line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
public struct KnownHostsEntry: Hashable, Sendable {
    public enum Marker: Hashable, Sendable {
        /// The key certifies hosts' keys.
        case certificateAuthority
        /// The key must never be accepted.
        case revoked
    }

    public let marker: Marker?
    public let hosts: KnownHostsPattern
    public let key: PublicKey
    public let file: String
    public let line: Int

    /// - Returns: nil for an empty line, a comment, and a line that cannot be understood.
    init?(line text: some Sequence<UInt8>, file: String, number: Int) {
        let bytes = Array(text)
        guard !bytes.contains(0), bytes.first != UInt8(ascii: "#") else { return nil }
        // A comment may be in any encoding; names and keys are ASCII.
        let line = String(decoding: bytes, as: UTF8.self)
        var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" })[...]
        guard let first = words.first, first.first != "#" else { return nil }
        switch first {
        case "@cert-authority": self.marker = .certificateAuthority
        case "@revoked": self.marker = .revoked
        case _ where first.first == "@": return nil
        default: self.marker = nil
        }
        if self.marker != nil { words.removeFirst() }
        guard let names = words.popFirst(), let hosts = KnownHostsPattern(String(names)) else { return nil }
        guard words.count >= 2, let type = words.popFirst(), let data = words.popFirst(),
            let key = try? PublicKey(openSSHLine: "\(type) \(data)")
        else {
            return nil
        }
        self.hosts = hosts
        self.key = key
        self.file = file
        self.line = number
    }

    func matches(name: String) -> Bool {
        self.hosts.matches(name.lowercased())
    }
}

extension KnownHostsEntry: CustomStringConvertible {
    /// Where it stands, as ssh writes it: `FILE:LINE`.
    public var description: String { "\(self.file):\(self.line)" }
}

/// The first field of a known_hosts line.
public enum KnownHostsPattern: Hashable, Sendable {
    /// Names and patterns between commas.
    case list(String)
    /// `|1|salt|hash`: HMAC-SHA1 of the name, keyed with the salt.
    case hashed(salt: [UInt8], hash: [UInt8])

    private static let hashLength = 20

    init?(_ text: String) {
        guard text.first == "|" else {
            self = .list(text)
            return
        }
        let fields = text.split(separator: "|", omittingEmptySubsequences: false)
        guard fields.count == 4, fields[1] == "1", let salt = try? Base64.decode(fields[2], limit: 64),
            let hash = try? Base64.decode(fields[3], limit: 64),
            salt.count == Self.hashLength, hash.count == Self.hashLength
        else {
            return nil
        }
        self = .hashed(salt: salt, hash: hash)
    }

    /// The hashed form of a name, for HashKnownHosts.
    static func hashing(_ name: String, random: any RandomSource) -> KnownHostsPattern {
        let salt = random.randomBytes(Self.hashLength)
        return .hashed(salt: salt, hash: hmacSHA1(key: salt, data: Array(name.utf8)))
    }

    func matches(_ name: String) -> Bool {
        switch self {
        case .list(let list): PatternList(list.lowercased()).match(name) == .matched
        case .hashed(let salt, let hash): hmacSHA1(key: salt, data: Array(name.utf8)) == hash
        }
    }
}

extension KnownHostsPattern: CustomStringConvertible {
    public var description: String {
        switch self {
        case .list(let list): list
        case .hashed(let salt, let hash): "|1|\(Base64.encode(salt))|\(Base64.encode(hash))"
        }
    }
}
