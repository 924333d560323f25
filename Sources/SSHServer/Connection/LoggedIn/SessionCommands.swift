import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHSystem

/// Answers what clients ask of the relay in their sessions.
protocol SessionCommands: Sendable {
    /// - Parameters:
    ///   - text: the command as the client sent it.
    ///   - hasTerminal: it is shown to a person.
    /// - Returns: nil if that is no command of the relay's.
    func command(_ text: String, from caller: SessionCaller, _ context: RelayContext, hasTerminal: Bool)
        -> SessionCommand?
}

/// A command that is to be carried out.
///
/// - Returns: its exit status, and what stands on standard error.
typealias SessionCommand = @Sendable (CommandStream) async -> SessionCommandEnd

struct SessionCommandEnd: Hashable, Sendable {
    static let success = SessionCommandEnd(status: 0)

    let status: UInt32
    /// A line on standard error; nil for none.
    var message: String?

    /// - Parameter message: without an end of line.
    static func failure(_ message: String, status: UInt32 = 1) -> SessionCommandEnd {
        SessionCommandEnd(status: status, message: message)
    }
}

/// Who gives a command, and what holds for them as they give it.
struct SessionCaller: Sendable {
    /// The number by which the log knows the connection.
    let connection: UInt64
    let account: String
    let key: PublicKey
    /// The key's, as in the log.
    let fingerprint: String
    let peer: PeerName
    /// Where the client reached the relay.
    let localAddress: String
    let localPort: Int
    /// When the login ends by itself, in seconds since 1970.
    let expires: UInt64?
    let policy: ForwardingPolicy

    var commands: PermittedCommands { self.policy.key.options.permitCommands }
}

extension LoggedInConnection {
    var caller: SessionCaller {
        SessionCaller(
            connection: self.id,
            account: self.login.user,
            key: self.login.claim.key,
            fingerprint: self.login.fingerprint,
            peer: self.peer,
            localAddress: self.client.facts.localAddress,
            localPort: self.client.facts.localPort,
            expires: self.login.grant.expires,
            policy: self.policy
        )
    }
}
