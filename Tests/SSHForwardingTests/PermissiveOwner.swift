import NIOCore
import SSHProtocol
import SSHWire

@testable import SSHForwarding

/// Accepts every host key and lets everybody in; what else becomes of a connection is the test's.
final class PermissiveOwner: ConnectionOwner {
    var onAuthenticated: () -> Void = {}
    var onOpen: (ConnectionHandler, ChannelID, ChannelOpen.Kind) -> Void = { connection, id, _ in
        connection.refuse(id, .unknownChannelType, "no")
    }
    var onEnd: (SSHError) -> Void = { _ in }

    func connectionIdentified(_ connection: ConnectionHandler, peer: String) {}
    func connectionNegotiated(_ connection: ConnectionHandler, _ algorithms: NegotiatedAlgorithms, isFirst: Bool) {}
    func connection(_ connection: ConnectionHandler, banner: ByteBuffer) {}
    func connection(_ connection: ConnectionHandler, authenticationFailedFor user: String) {}
    func connection(_ connection: ConnectionHandler, request: GlobalRequest.Request, reply: UInt64?) {}
    func connection(_ connection: ConnectionHandler, reply: UInt64, success: ByteBuffer?) {}

    func connection(_ connection: ConnectionHandler, verify hostKey: HostKeyToVerify) {
        connection.perform { try $0.acceptHostKey() }
    }

    func connection(_ connection: ConnectionHandler, authenticate request: AuthenticationRequest) {
        connection.perform { try $0.answerAuthentication(isAllowed: true) }
    }

    func connectionAuthenticated(_ connection: ConnectionHandler) { self.onAuthenticated() }
    func connectionEnded(_ connection: ConnectionHandler, _ reason: SSHError) { self.onEnd(reason) }

    func connection(_ connection: ConnectionHandler, open channel: ChannelID, _ kind: ChannelOpen.Kind) {
        self.onOpen(connection, channel, kind)
    }
}
