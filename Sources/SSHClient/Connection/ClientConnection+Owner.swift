import Glibc
import NIOCore
import NIOPosix
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire

extension ClientConnection: ConnectionOwner {
    func connection(_ connection: ConnectionHandler, lineBeforeIdentification line: String, number: Int) {
        self.log.ofPeers.debug("banner line \(number): \(line)")
    }

    func connectionIdentified(_ connection: ConnectionHandler, peer: String) {
        self.hasIdentifiedItself = true
        self.log.debug("Remote identification: \(peer)")
    }

    func connectionNegotiated(_ connection: ConnectionHandler, _ algorithms: NegotiatedAlgorithms, isFirst: Bool) {
        self.log.ofPeers.debug("\(isFirst ? "kex" : "rekey"): \(algorithms)")
    }

    func connection(_ connection: ConnectionHandler, banner: ByteBuffer) {
        self.log.banner(Array(banner.readableBytesView))
    }

    func connection(_ connection: ConnectionHandler, authenticate request: AuthenticationRequest) {
        connection.fail(SSHError(.misuse, "a client logs nobody in"))
    }

    func connection(_ connection: ConnectionHandler, authenticationFailedFor user: String) {
        self.log.debug("The server refused a key or asks for another; trying the next one.")
    }

    func connectionAuthenticated(_ connection: ConnectionHandler) {
        self.log.verbose("Authenticated to \(self.name) using \"publickey\".")
        self.login()
    }

    func connection(_ connection: ConnectionHandler, request: GlobalRequest.Request, reply: UInt64?) {
        if case .other(HostKeyUpdate.announcement, let data) = request { self.hostKeysAnnounced(connection, data) }
        // keepalive@openssh.com wants any answer; of the others none is known here.
        guard let reply else { return }
        connection.perform { try $0.answerGlobalRequest(reply, success: nil) }
    }

    func connection(_ connection: ConnectionHandler, reply: UInt64, success: ByteBuffer?) {
        guard !self.hostKeysProved(connection, reply, success) else { return }
        self.forwards?.answered(reply, success: success)
    }

    func connection(_ connection: ConnectionHandler, open channel: ChannelID, _ kind: ChannelOpen.Kind) {
        guard let listener = RemoteForwards.Listener(of: kind), let forwards = self.forwards else {
            self.log.ofPeers.info("Warning: \(self.name) tried to open a \(kind.name) channel, which nobody asked for.")
            return connection.refuse(channel, .administrativelyProhibited, "open failed")
        }
        forwards.opened(channel, listener)
    }

    func connection(_ connection: ConnectionHandler, lacksRoom shortage: ChannelShortage) {
        switch shortage {
        case .limit(let limit):
            self.log.ofPeers.info("Warning: no further channel to \(self.name): there are \(limit).")
        case .memory:
            self.log.ofPeers.info("Warning: no further channel to \(self.name): the others hold too much memory.")
        }
    }

    func connectionEnded(_ connection: ConnectionHandler, _ reason: SSHError) {
        self.end(connection, reason)
    }

    // MARK: The host's key

    func connection(_ connection: ConnectionHandler, verify hostKey: HostKeyToVerify) {
        // Whoever is asked now may take their time.
        self.cancelTimer()
        let key = hostKey.key
        self.log.debug("Server host key: \(key.type) \(key.fingerprint)")
        if let certificate = hostKey.certificate {
            switch self.hostKeys.decide(certificate, now: UInt64(clamping: time(nil))) {
            case .accept: return self.acceptHostKey(connection)
            case .refuse(let error): return connection.fail(error)
            case .notTrusted: self.log.debug("No matching CA found. Retry with plain key")
            case .notValid(let reason): self.log.info(reason)
            }
        }
        switch self.hostKeys.decide(key, address: connection.remoteAddress?.ipAddress) {
        case .accept:
            self.hostKeyLearning = .awaitingAnnouncement(shown: key)
            self.acceptHostKey(connection)
        case .acceptAndAdd:
            self.acceptLater(connection, key, question: nil)
        case .acceptWithoutForwarding(let warnings):
            for warning in warnings { self.log.info(warning) }
            self.mayForward = false
            self.acceptHostKey(connection)
        case .ask(let question):
            self.acceptLater(connection, key, question: question)
        case .refuse(let error):
            connection.fail(error)
        }
    }

    /// Asks and writes to disk away from the event loop.
    private func acceptLater(_ connection: ConnectionHandler, _ key: PublicKey, question: HostKeyQuestion?) {
        let (hostKeys, log) = (self.hostKeys, self.log)
        let accepted = NIOThreadPool.singleton.runIfActive(eventLoop: self.eventLoop) {
            if let question { try Terminal.ask(question, about: key) }
            do {
                if try hostKeys.add(key) { log.info(hostKeys.additionNotice(key)) }
            } catch {
                log.error(SystemReason.of(error))
            }
        }
        accepted.assumeIsolated().whenComplete { result in
            switch result {
            case .success: self.acceptHostKey(connection)
            case .failure(let error): connection.fail(error)
            }
        }
    }
}
