import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// Lets clients learn the relay's other host keys, so that one can be replaced (OpenSSH's PROTOCOL §2.5).
extension ServerConnection {
    /// A client asks once, when it has heard of a key that it does not know.
    private static let proofLimit = 16

    /// Says which keys the relay had when the connection began: those of a later reload are for later connections.
    func announceHostKeys(_ connection: ConnectionHandler) {
        connection.perform { try $0.announceHostKeys() }
    }

    func proveHostKeys(_ connection: ConnectionHandler, _ request: ByteBuffer, _ reply: UInt64?) {
        // Nobody would hear the proof.
        guard let reply else { return }
        self.proofCount += 1
        guard self.proofCount <= Self.proofLimit else { return self.answer(connection, reply, success: nil) }
        connection.perform { engine in
            let proof = engine.hostKeyProof(request)
            if proof == nil { self.logger.debug("\(self.peer): a proof was asked for of keys that are not ours") }
            try engine.answerGlobalRequest(reply, success: proof)
        }
    }
}
