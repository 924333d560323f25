import SSHCrypto
import SSHWire

/// Goes on with what had to wait for a signature.
extension Engine {
    /// Something waits for a signature (`Event.signatureWanted`). The peer has nothing to answer for meanwhile.
    public var isAwaitingSignature: Bool { !self.transport.awaitedSignatures.isEmpty }

    /// The answer to `Event.signatureWanted`. One for a connection that has ended counts for nothing.
    ///
    /// - Parameter signature: the whole signature blob. A wrong one is no signature: it is as with `failSignature`.
    /// - Throws: `misuse` if the request was answered before, or is another engine's; and what `failSignature` throws.
    public mutating func provide(signature: [UInt8], for id: SignatureRequest.ID) throws {
        guard !self.isClosed else { return }
        let request = try self.transport.awaitedSignatures.take(id)
        do {
            try request.check(signature)
        } catch {
            return try self.goOn(without: request, error)
        }
        switch request.purpose {
        case .keyExchange: try self.transport.goOn(with: signature)
        case .hostKeyProof: try self.proofReceives(signature, for: id)
        case .login: try self.login(receives: signature)
        }
    }

    /// The answer to `Event.signatureWanted` when nobody signs. A client goes on with its next key, and a proof that was asked for is
    /// refused.
    ///
    /// - Parameter reason: for this side's log; the peer does not hear it.
    /// - Throws: `signatureUnavailable` if a key exchange cannot go on, `authenticationFailed` if there is no other key,
    ///   `misuse` if the request was answered before, or is another engine's.
    public mutating func failSignature(for id: SignatureRequest.ID, _ reason: String) throws {
        guard !self.isClosed else { return }
        let request = try self.transport.awaitedSignatures.take(id)
        try self.goOn(without: request, request.failure(reason))
    }

    private mutating func goOn(without request: SignatureRequest, _ error: any Error) throws {
        switch request.purpose {
        case .keyExchange: throw error
        case .hostKeyProof: try self.proofFails(request.id)
        case .login: try self.login(receives: nil)
        }
    }

    /// - Parameter signature: nil if nobody signed.
    private mutating func login(receives signature: [UInt8]?) throws {
        guard case .client(var authentication) = self.login else {
            throw SSHError(.misuse, "no login waits for a signature")
        }
        defer { self.login = .client(authentication) }
        let action = try authentication.receive(signature: signature, self.transport.loginFacts)
        if let event = try self.event(for: action) { self.events.append(event) }
    }
}
