import NIOCore
import SSHCrypto
import SSHWire

extension Transport {
    /// Messages 20 to 49: which one may come depends on the phase alone.
    mutating func handleKeyExchange(
        _ number: MessageNumber,
        _ reader: WireReader,
        now: NIODeadline
    ) throws -> Received? {
        if number == .keyExchangeInit { try self.answerKeyExchange(now: now) }
        switch (self.keyExchange, number) {
        case (.awaitingInit(let ownInit), .keyExchangeInit):
            try self.receiveInit(reader, ownInit: ownInit)
            return nil
        case (.awaitingInitiatorValue(var agreed), _) where agreed.ignoresNextPacket && number.isKeyExchangeMethod:
            agreed.ignoresNextPacket = false
            self.keyExchange = .awaitingInitiatorValue(agreed)
            return nil
        case (.awaitingReply(var agreed, let initiator), _)
        where agreed.ignoresNextPacket && number.isKeyExchangeMethod:
            agreed.ignoresNextPacket = false
            self.keyExchange = .awaitingReply(agreed, initiator: initiator)
            return nil
        case (.awaitingInitiatorValue(let agreed), .keyExchangeECDHInit):
            return try self.respond(to: try KeyExchangeECDHInit(payload: reader), agreed)
        case (.awaitingReply(let agreed, let initiator), .keyExchangeECDHReply):
            return try self.receiveReply(try KeyExchangeECDHReply(payload: reader), agreed, initiator)
        case (.awaitingNewKeys(let opener, let algorithms), .newKeys):
            _ = try NewKeys(payload: reader)
            return self.receiveNewKeys(opener, algorithms, now: now)
        default:
            throw SSHError.protocolViolation("\(number) does not belong here in a key exchange")
        }
    }

    var ownKeyExchangeInit: OwnKeyExchangeInit {
        let preparation = self.configuration.preparation
        return self.isFirstKeyExchange ? preparation.firstInit : preparation.laterInit
    }

    private mutating func receiveInit(_ reader: WireReader, ownInit: [UInt8]) throws {
        let settled = try self.ownKeyExchangeInit.settle(with: reader)
        if self.isFirstKeyExchange { try self.noteSignals(settled) }
        let agreed = KeyExchangePhase.Agreed(
            algorithms: settled.algorithms,
            ownInit: ownInit,
            peerInit: Array(reader.buffer.readableBytesView),
            ignoresNextPacket: settled.ignoresNextPacket
        )
        guard self.configuration.role == .client else {
            self.keyExchange = .awaitingInitiatorValue(agreed)
            return
        }
        let initiator = try KeyExchangeInitiator(agreed.algorithms.keyExchange, random: self.random)
        try self.send(KeyExchangeECDHInit(initiatorValue: initiator.initialValue))
        self.keyExchange = .awaitingReply(agreed, initiator: initiator)
    }

    /// Features that the names in the first KEXINIT announce: strict key exchange (PROTOCOL §1.10), RFC 8308 §2.1.
    private mutating func noteSignals(_ settled: OwnKeyExchangeInit.Settled) throws {
        self.peerWantsExtensionInfo = settled.peerWantsExtensionInfo
        self.isStrict = settled.isStrict
        // The KEXINIT itself must have been the peer's first packet.
        guard !self.isStrict || self.receiver.sequenceNumber == 1 else {
            throw SSHError.protocolViolation("KEXINIT is not the first packet of a strict key exchange")
        }
    }

    /// Answers at once, or asks for the signature that the answer needs.
    private mutating func respond(
        to message: KeyExchangeECDHInit,
        _ agreed: KeyExchangePhase.Agreed
    ) throws -> Received? {
        let algorithm = agreed.algorithms.hostKey
        guard
            let identity = self.configuration.preparation.hostIdentities.first(where: {
                $0.algorithms.contains(algorithm)
            })
        else {
            throw SSHError(.keyExchangeFailed, "no host key for \(algorithm)")
        }
        let (reply, secret) = try KeyExchangeResponder.respond(
            agreed.algorithms.keyExchange,
            to: message.initiatorValue,
            random: self.random
        )
        let hash = self.exchangeHash(
            agreed,
            hostKey: identity.blob,
            initiatorValue: message.initiatorValue,
            responderValue: reply,
            secret: secret
        )
        let unsigned = KeyExchangePhase.UnsignedReply(hostKey: identity.blob, responderValue: reply)
        let secrets = KeyExchangePhase.Secrets(secret: secret, exchangeHash: hash)
        let signatureAlgorithm = CertificateAlgorithm.plainSignature(of: algorithm)
        guard let signer = identity.signer else {
            self.keyExchange = .awaitingSignature(agreed, secrets, reply: unsigned)
            return .signatureWanted(
                self.awaitedSignatures.ask(
                    for: .keyExchange,
                    by: identity.key,
                    algorithm: signatureAlgorithm,
                    over: hash
                )
            )
        }
        try self.send(unsigned, signature: try signer.sign(hash, algorithm: signatureAlgorithm), agreed, secrets)
        return nil
    }

    /// Server: the signature is there for which the key exchange waited.
    mutating func goOn(with signature: [UInt8]) throws {
        guard case .awaitingSignature(let agreed, let secrets, let reply) = self.keyExchange else {
            throw SSHError(.misuse, "no key exchange waits for a signature")
        }
        try self.send(reply, signature: signature, agreed, secrets)
    }

    private mutating func send(
        _ reply: KeyExchangePhase.UnsignedReply,
        signature: [UInt8],
        _ agreed: KeyExchangePhase.Agreed,
        _ secrets: KeyExchangePhase.Secrets
    ) throws {
        self.hostKey = reply.hostKey
        try self.send(
            KeyExchangeECDHReply(hostKey: reply.hostKey, responderValue: reply.responderValue, signature: signature)
        )
        try self.sendNewKeys(agreed, secrets)
    }

    private mutating func receiveReply(
        _ reply: KeyExchangeECDHReply,
        _ agreed: KeyExchangePhase.Agreed,
        _ initiator: KeyExchangeInitiator
    ) throws -> Received? {
        let secret = try initiator.sharedSecret(reply: reply.responderValue)
        let hash = self.exchangeHash(
            agreed,
            hostKey: reply.hostKey,
            initiatorValue: initiator.initialValue,
            responderValue: reply.responderValue,
            secret: secret
        )
        let hostKey = try HostKeyToVerify(blob: reply.hostKey, algorithm: agreed.algorithms.hostKey)
        try hostKey.verify(signature: reply.signature, over: hash)
        let secrets = KeyExchangePhase.Secrets(secret: secret, exchangeHash: hash)
        guard self.isFirstKeyExchange else {
            guard reply.hostKey == self.hostKey else {
                throw SSHError(.hostKeyRejected, "the host key changed in the middle of the connection")
            }
            try self.sendNewKeys(agreed, secrets)
            return nil
        }
        self.hostKey = reply.hostKey
        self.keyExchange = .awaitingHostKeyDecision(agreed, secrets)
        return .hostKey(hostKey)
    }

    /// The host key is the right one: go on.
    mutating func acceptHostKey() throws {
        guard case .awaitingHostKeyDecision(let agreed, let secrets) = self.keyExchange else {
            throw SSHError(.misuse, "no host key waits for a decision")
        }
        try self.sendNewKeys(agreed, secrets)
    }

    mutating func sendExtensionInfo() throws {
        try self.send(payload: self.configuration.announcedExtensions, number: .extensionInfo)
    }
}
