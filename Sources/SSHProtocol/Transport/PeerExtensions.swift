import NIOCore
import SSHWire

/// What the peer's SSH_MSG_EXT_INFO said (RFC 8308).
struct PeerExtensions {
    static let hostBound = "publickey-hostbound@openssh.com"
    static let ping = "ping@openssh.com"

    /// server-sig-algs: what the server accepts from users; nil when it did not say.
    private(set) var signatureAlgorithms: [String]?
    private(set) var acceptsHostBound = false
    private var count = 0

    /// RFC 8308 §2.4: a client may send it once, right after its first NEWKEYS; a server then too, and once more before
    /// SSH_MSG_USERAUTH_SUCCESS.
    mutating func add(
        _ message: ExtensionInfo,
        role: EngineConfiguration.Role,
        isFirstAfterNewKeys: Bool,
        isAuthenticated: Bool
    ) throws {
        self.count += 1
        let isAllowed =
            switch role {
            case .server: isFirstAfterNewKeys && self.count == 1
            case .client: (isFirstAfterNewKeys || !isAuthenticated) && self.count <= 2
            }
        guard isAllowed else { throw SSHError.protocolViolation("SSH_MSG_EXT_INFO where RFC 8308 does not allow it") }
        if let list = message["server-sig-algs"] {
            var writer = WireWriter()
            writer.writeString(list)
            var reader = WireReader(writer.buffer)
            self.signatureAlgorithms = try reader.readNameList(isLenient: true)
        }
        if message[Self.hostBound]?.readableBytesView.elementsEqual("0".utf8) == true { self.acceptsHostBound = true }
    }
}
