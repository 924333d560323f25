import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// Lets clients learn the relay's other host keys, so that one can be replaced (OpenSSH's PROTOCOL §2.5), and has an agent sign
/// with those that it holds.
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
        let isProved = connection.perform { try $0.proveHostKeys(request, reply: reply) }
        if isProved == false { self.logger.debug("\(self.peer): a proof was asked for of keys that are not ours") }
    }

    private func signed(_ result: Result<[UInt8], any Error>, for purpose: SignatureRequest.Purpose) {
        self.endWork()
        // Without the others the connection ends, and its last line says why.
        guard purpose == .hostKeyProof, case .failure(let error) = result else { return }
        self.requestLog.error("No proof of a host key for \(self.peer): \(ErrorText.of(error).escapedForLog)")
    }

    func connection(
        _ connection: ConnectionHandler,
        sign request: SignatureRequest,
        _ signature: EventLoopPromise<[UInt8]>
    ) {
        let eventLoop = signature.futureResult.eventLoop
        self.beginWork()
        self.context.hostKeyAgents.sign(request, on: eventLoop, isUrgent: connection.isAuthenticated) {
            [weak connection] in connection?.hasEnded == false
        }
        .assumeIsolated().whenComplete { [weak self] result in
            self?.signed(result, for: request.purpose)
            signature.completeWith(result)
        }
    }
}
