import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
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
        let isProved = connection.perform { try $0.proveHostKeys(request, reply: reply) }
        if isProved == false {
            client.logger.debug("\(client.peer): a proof was asked for of keys that are not ours")
        }
    }
}

extension Client {
    /// What came of a signature that somebody else was asked for.
    func signed(_ result: Result<[UInt8], any Error>, for purpose: SignatureRequest.Purpose) {
        // Without the others the connection ends, and its last line says why.
        guard purpose == .hostKeyProof, case .failure(let error) = result else { return }
        self.requestLog.error("No proof of a host key for \(self.peer): \(ErrorText.of(error).escapedForLog)")
    }
}
