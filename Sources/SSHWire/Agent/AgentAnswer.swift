public import NIOCore

/// What an agent answers (draft-ietf-sshm-ssh-agent). Like a peer it is not believed.
public enum AgentAnswer: Sendable, Equatable {
    /// SSH_AGENT_FAILURE: it does not do what was asked, whatever the reason.
    case failure
    /// SSH_AGENT_IDENTITIES_ANSWER.
    case identities([AgentIdentity])
    /// SSH_AGENT_SIGN_RESPONSE: the whole signature blob.
    case signature([UInt8])

    private static let failureNumbers: [UInt8] = [
        5,
        // SSH_AGENT_EXTENSION_FAILURE, and what ssh.com's agent said (OpenSSH's authfd.h).
        28, 30, 102,
    ]
    private static let identitiesNumber: UInt8 = 12
    private static let signatureNumber: UInt8 = 14
    /// As in ssh.
    static let mostIdentities = 2048

    /// - Parameter payload: a message without its length.
    /// - Throws: `protocolViolation` or `limitExceeded` for what is no answer.
    public init(payload: ByteBuffer) throws {
        var reader = WireReader(payload)
        let number = try reader.readByte()
        switch number {
        case Self.identitiesNumber:
            self = .identities(try Self.readIdentities(from: &reader))
        case Self.signatureNumber:
            self = .signature(try reader.readBytesString())
        case _ where Self.failureNumbers.contains(number):
            // Old ones have more to say.
            _ = reader.readRemaining()
            self = .failure
        default:
            throw SSHError.protocolViolation("the agent answers with message \(number)")
        }
        try reader.expectEnd()
    }

    private static func readIdentities(from reader: inout WireReader) throws -> [AgentIdentity] {
        let count = try reader.readUInt32()
        guard count <= Self.mostIdentities else {
            throw SSHError(.limitExceeded, "the agent names \(count) keys, more than \(Self.mostIdentities)")
        }
        return try (0..<count).map { _ in
            AgentIdentity(blob: try reader.readBytesString(), comment: try reader.readRemark())
        }
    }
}

/// A key that an agent has.
public struct AgentIdentity: Sendable, Equatable {
    /// A public key or a certificate, unread: it may be of a type that is not known here.
    public var blob: [UInt8]
    /// Not to be printed raw.
    public var comment: String

    public init(blob: [UInt8], comment: String) {
        self.blob = blob
        self.comment = comment
    }
}
