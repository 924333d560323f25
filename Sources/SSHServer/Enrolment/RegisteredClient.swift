import SSHConfiguration
import SSHCrypto
import SSHSystem
import SSHWire

/// A line of an authorized_keys file, as `relay clients` shows it.
package struct RegisteredClient: Sendable {
    package let account: String
    package let fingerprint: String
    package let comment: String
    package let file: String
    package let line: Int
    private let key: AuthorizedKey

    init(_ key: AuthorizedKey, account: String) {
        self.account = account
        self.fingerprint = "SHA256:" + Base64.encode(SHA256Digest.hash(key.blob), padded: false)
        self.comment = key.comment
        self.file = key.file
        self.line = key.line
        self.key = key
    }

    func isOf(_ other: AuthorizedKey) -> Bool { self.key.blob == other.blob && self.comment == other.comment }

    fileprivate func hasKey(_ blob: [UInt8]) -> Bool { self.key.blob == blob }

    /// The key may not forward at all; without a word in front of it, it may do all that the configuration allows.
    private var listens: [String] { self.places(self.key.options.permitListen) }
    private var opens: [String] { self.places(self.key.options.permitOpen) }

    private func places(_ permissions: [ForwardPermission]) -> [String] {
        guard self.key.options.permitsPortForwarding else { return [] }
        let places = permissions.map(\.text).filter { $0 != ClientRights.nothing }
        return permissions.isEmpty ? ["*:*"] : places
    }

    private var commands: [String] { self.key.options.permitCommands.named.map(\.rawValue) }

    /// `2026-01-31T23:59:59Z`; nil for a key that does not expire.
    private var expires: String? { self.key.options.expiryTime.map(LogTime.text) }

    package static let columnNames = ["ACCOUNT", "KEY", "COMMENT", "LISTENS", "OPENS", "COMMANDS", "EXPIRES"]

    /// None is empty or has a space in it.
    package var columns: [String] {
        [
            self.account.word, self.fingerprint.word, self.comment.word, Self.column(self.listens),
            Self.column(self.opens), Self.column(self.commands), self.expires ?? "-",
        ]
    }

    private static func column(_ places: [String]) -> String {
        places.isEmpty ? "-" : places.map(\.word).joined(separator: ",")
    }

    package var json: String {
        var writer = JSONObjectWriter()
        writer.add("account", text: self.account)
        writer.add("key", text: self.fingerprint)
        writer.add("type", text: self.key.keyType)
        writer.add("comment", text: self.comment)
        writer.add("listens", texts: self.listens)
        writer.add("opens", texts: self.opens)
        writer.add("commands", texts: self.commands)
        if let expires { writer.add("expires", text: expires) }
        writer.add("isAuthority", flag: self.key.options.certificateAuthority)
        writer.add("file", text: self.file)
        writer.add("line", number: self.line)
        return writer.text
    }
}

/// How a key is named: by itself, its fingerprint, or its comment.
package enum ClientChoice: Sendable {
    case key(ClientKey)
    case fingerprint(String)
    case comment(String)

    func matches(_ client: RegisteredClient) -> Bool {
        switch self {
        case .key(let key): client.hasKey(key.key.blob)
        case .fingerprint(let fingerprint): client.fingerprint == fingerprint
        case .comment(let comment): client.comment.hasSameBytes(as: comment)
        }
    }

    var text: String {
        switch self {
        case .key(let key): key.key.fingerprint
        case .fingerprint(let text), .comment(let text): text
        }
    }
}
