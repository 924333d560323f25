import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire

/// UpdateHostKeys: learns the server's other keys, so that it can replace the one that is known.
extension ClientConnection {
    /// More keys than any host has.
    private static let announcedKeyLimit = 32

    /// The server says which keys it has.
    func hostKeysAnnounced(_ connection: ConnectionHandler, _ data: ByteBuffer) {
        guard self.stage == .loggedIn, case .awaitingAnnouncement(let shown) = self.hostKeyLearning else { return }
        self.hostKeyLearning = .over
        guard let announced = try? HostKeyUpdate(data, limit: Self.announcedKeyLimit),
            let rotation = self.hostKeys.rotation(announced: announced.blobs, shown: shown)
        else { return }
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
            self.tell(.hostKeysUnproved)
            return true
        }
        self.learn(rotation)
        return true
    }

    private func learn(_ rotation: HostKeyRotation) {
        Task { [hostKeys] in await hostKeys.learn(rotation) }
    }
}
