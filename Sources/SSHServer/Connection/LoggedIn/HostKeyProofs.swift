import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// Lets a client learn the relay's other host keys, so that one can be replaced (OpenSSH's PROTOCOL §2.5).
struct HostKeyProofs {
    /// A client asks once, when it has heard of a key that it does not know.
    private static let limit = 16

    /// How often the client asked for a proof.
    private var count = 0

    /// Says which keys the relay had when the connection began: those of a later reload are for later connections.
    func announce(_ connection: ConnectionHandler) {
        connection.perform { try $0.announceHostKeys() }
    }

    mutating func prove(_ request: ByteBuffer, to client: Client, _ connection: ConnectionHandler, _ reply: UInt64?) {
        // Nobody would hear the proof.
        guard let reply else { return }
        self.count += 1
        guard self.count <= Self.limit else { return connection.answer(reply, success: nil) }
        connection.perform { engine in
            let proof = engine.hostKeyProof(request)
            if proof == nil { client.logger.debug("\(client.peer): a proof was asked for of keys that are not ours") }
            try engine.answerGlobalRequest(reply, success: proof)
        }
    }
}
