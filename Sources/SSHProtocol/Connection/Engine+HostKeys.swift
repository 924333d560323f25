public import NIOCore
import SSHCrypto
import SSHWire

/// What a server says about its host keys after the login (OpenSSH's PROTOCOL §2.5).
extension Engine {
    /// Server: names all host keys to the client. Certificates are not among them.
    public mutating func announceHostKeys() throws {
        guard self.configuration.role == .server, self.isAuthenticated else {
            throw SSHError(.misuse, "host keys are announced by a server, after the login")
        }
        guard let announcement = self.configuration.preparation.hostKeyAnnouncement else { return }
        try self.transport.send(payload: announcement, number: .globalRequest)
    }

    /// Server: answers a hostkeys-prove-00@openssh.com, at once or when those who hold the keys have signed
    /// (`Event.signatureWanted`).
    ///
    /// - Parameter reply: the request's number.
    /// - Returns: false if it was refused: the request is malformed, asks for a key that is not ours or for one twice, or comes
    ///   while another one waits for signatures.
    public mutating func proveHostKeys(_ request: ByteBuffer, reply: UInt64) throws -> Bool {
        guard !self.transport.awaitedSignatures.contains(.hostKeyProof), let keys = self.hostKeys(askedForBy: request),
            let parts = self.proofParts(keys)
        else {
            try self.answerGlobalRequest(reply, success: nil)
            return false
        }
        self.hostKeyProof = HostKeyProof(reply: reply, parts)
        try self.sendProofIfWhole()
        return true
    }

    /// The keys that a request is about; nil if it is malformed, asks for a key that is not ours, or for one twice.
    private func hostKeys(askedForBy request: ByteBuffer) -> [any KeyPair]? {
        let ours = self.configuration.hostKeys
        guard let asked = try? HostKeyUpdate(request, limit: ours.count), !asked.blobs.isEmpty,
            Set(asked.blobs).count == asked.blobs.count
        else { return nil }
        let keys = asked.blobs.compactMap { blob in ours.first { $0.publicKey.blob == blob } }
        return keys.count == asked.blobs.count ? keys : nil
    }

    /// Signs with what is in memory, and asks for the rest. Nil if a key does not sign.
    private mutating func proofParts(_ keys: [any KeyPair]) -> [HostKeyProof.Part]? {
        var parts: [HostKeyProof.Part] = []
        var requests: [SignatureRequest] = []
        for key in keys {
            let (algorithm, bytes) = self.proof(of: key.publicKey)
            if let signer = key as? any SigningKey {
                guard let signature = try? signer.sign(bytes, algorithm: algorithm) else {
                    self.transport.awaitedSignatures.withdraw(requests)
                    return nil
                }
                parts.append(.signed(signature))
            } else {
                let request = self.transport.awaitedSignatures.ask(
                    for: .hostKeyProof,
                    by: key.publicKey,
                    algorithm: algorithm,
                    over: bytes
                )
                requests.append(request)
                parts.append(.awaited(request.id))
            }
        }
        self.events.append(contentsOf: requests.map { .signatureWanted($0) })
        return parts
    }

    /// What proves that we have a key: with which algorithm it signs which bytes.
    private func proof(of key: PublicKey) -> (algorithm: String, bytes: [UInt8]) {
        // An RSA key signs as it has signed the key exchange, if it has: a client may insist on that.
        let (algorithms, negotiated) = (key.signatureAlgorithms, self.transport.hostKeySignature)
        let algorithm = algorithms.contains(negotiated) ? negotiated : algorithms.first ?? key.type
        return (algorithm, HostKeyUpdate.signedBytes(sessionIdentifier: self.sessionIdentifier, key: key.blob))
    }

    mutating func proofReceives(_ signature: [UInt8], for id: SignatureRequest.ID) throws {
        // It was refused already for another key's sake.
        guard self.hostKeyProof?.awaits(id) == true else { return }
        self.hostKeyProof?.receive(signature, for: id)
        try self.sendProofIfWhole()
    }

    /// As in sshd, a proof is whole or refused.
    mutating func proofFails(_ id: SignatureRequest.ID) throws {
        guard let proof = self.hostKeyProof, proof.awaits(id) else { return }
        self.hostKeyProof = nil
        try self.answerGlobalRequest(proof.reply, success: nil)
    }

    private mutating func sendProofIfWhole() throws {
        guard let proof = self.hostKeyProof, let signatures = proof.signatures else { return }
        self.hostKeyProof = nil
        try self.answerGlobalRequest(proof.reply, success: signatures.data)
    }
}
