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

    /// Server: the signatures that a hostkeys-prove-00@openssh.com asks for.
    ///
    /// - Returns: nil if the request is malformed, asks for a key that is not ours, or for one twice.
    public func hostKeyProof(_ request: ByteBuffer) -> ByteBuffer? {
        let keys = self.configuration.hostKeys
        guard let asked = try? HostKeyUpdate(request, limit: keys.count), !asked.blobs.isEmpty,
            Set(asked.blobs).count == asked.blobs.count
        else { return nil }
        let signatures = asked.blobs.compactMap { blob -> [UInt8]? in
            guard let key = keys.first(where: { $0.publicKey.blob == blob }) else { return nil }
            // An RSA key signs as it has signed the key exchange, if it has: a client may insist on that.
            let (algorithms, negotiated) = (key.publicKey.signatureAlgorithms, self.transport.hostKeySignature)
            guard let algorithm = algorithms.contains(negotiated) ? negotiated : algorithms.first else { return nil }
            let signed = HostKeyUpdate.signedBytes(sessionIdentifier: self.sessionIdentifier, key: blob)
            return try? key.sign(signed, algorithm: algorithm)
        }
        guard signatures.count == asked.blobs.count else { return nil }
        return HostKeyUpdate(blobs: signatures).data
    }
}
