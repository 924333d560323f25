import NIOCore
import NIOPosix
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire

/// UpdateHostKeys: learns the server's other keys, so that it can replace the one that is known.
extension ClientConnection {
    /// The server says which keys it has.
    func hostKeysAnnounced(_ connection: ConnectionHandler, _ data: ByteBuffer) {
        guard self.isLoggedIn, case .awaitingAnnouncement(let shown) = self.hostKeyLearning else { return }
        self.hostKeyLearning = .over
        guard let announced = try? HostKeyUpdate(data, limit: HostKeyCheck.announcedKeyLimit),
            let rotation = self.hostKeys.rotation(announced: announced.blobs, shown: shown)
        else { return }
        switch self.configuration.updateHostKeys {
        case .no: return
        case .ask:
            return self.log.info("\(self.name) has other host keys than known_hosts; UpdateHostKeys=yes writes them.")
        case .yes: break
        }
        guard !rotation.unknown.isEmpty else { return self.learn(rotation) }
        let question = HostKeyUpdate(blobs: rotation.unknown.map(\.blob)).data
        let request = GlobalRequest.Request.other(name: HostKeyUpdate.proof, data: question)
        guard case .some(.some(let number)) = connection.perform({ try $0.sendGlobalRequest(request, wantReply: true) })
        else { return }
        self.hostKeyLearning = .awaitingProof(rotation, request: number)
    }

    /// - Returns: false if the answer is to another question.
    func hostKeysProved(_ connection: ConnectionHandler, _ number: UInt64, _ data: ByteBuffer?) -> Bool {
        guard case .awaitingProof(let rotation, number) = self.hostKeyLearning else { return false }
        self.hostKeyLearning = .over
        guard let session = connection.perform({ $0.sessionIdentifier }), let data,
            HostKeyLearning.isProof(data, of: rotation, sessionIdentifier: session)
        else {
            self.log.info("\(self.name) did not prove that it has the host keys that it told of; none is added.")
            return true
        }
        self.learn(rotation)
        return true
    }

    /// Writes to disk away from the event loop.
    private func learn(_ rotation: HostKeyRotation) {
        let (hostKeys, log) = (self.hostKeys, self.log)
        let written = NIOThreadPool.singleton.runIfActive(eventLoop: self.eventLoop) {
            try hostKeys.apply(rotation)
            for key in rotation.unknown { log.verbose("Learned new hostkey: \(key.displayName) \(key.fingerprint)") }
            for entry in rotation.obsolete {
                log.verbose("Deprecating obsolete hostkey: \(entry.key.displayName) \(entry.key.fingerprint)")
            }
        }
        written.whenFailure { log.error(SystemReason.of($0)) }
    }
}
