public import NIOCore

/// What an agent is asked (draft-ietf-sshm-ssh-agent, OpenSSH's PROTOCOL.agent).
public enum AgentRequest: Sendable, Equatable {
    /// SSH_AGENTC_REQUEST_IDENTITIES: which keys it has.
    case identities
    /// SSH_AGENTC_SIGN_REQUEST: a signature by the key of that blob.
    case sign(key: [UInt8], data: [UInt8], flags: SignatureFlags)

    /// Which hash an RSA key signs with. Without any it would be SHA-1; keys of other types know none.
    public struct SignatureFlags: OptionSet, Hashable, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        public static let rsaSHA2With256 = SignatureFlags(rawValue: 2)
        public static let rsaSHA2With512 = SignatureFlags(rawValue: 4)

        /// - Parameter algorithm: the signature's, such as "rsa-sha2-512".
        public init(algorithm: String) {
            switch algorithm {
            case "rsa-sha2-256": self = .rsaSHA2With256
            case "rsa-sha2-512": self = .rsaSHA2With512
            default: self = []
            }
        }
    }

    private static let identitiesNumber: UInt8 = 11
    private static let signNumber: UInt8 = 13

    /// The whole message, its length before it.
    public var message: ByteBuffer {
        var fields = WireWriter()
        switch self {
        case .identities:
            fields.writeByte(Self.identitiesNumber)
        case .sign(let key, let data, let flags):
            fields.writeByte(Self.signNumber)
            fields.writeString(key)
            fields.writeString(data)
            fields.writeUInt32(flags.rawValue)
        }
        var message = WireWriter()
        message.writeString(fields.buffer)
        return message.buffer
    }
}
