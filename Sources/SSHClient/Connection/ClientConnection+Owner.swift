import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire

extension ClientConnection: ConnectionOwner {
    func connection(_ connection: ConnectionHandler, lineBeforeIdentification line: String, number: Int) {
        self.tell(.lineBeforeIdentification(line, number: number))
    }

    func connectionIdentified(_ connection: ConnectionHandler, peer: String) {
        self.stage = .loggingIn
        self.tell(.identified(peer))
    }

    func connectionNegotiated(_ connection: ConnectionHandler, _ algorithms: NegotiatedAlgorithms, isFirst: Bool) {
        self.tell(.negotiated(algorithms, isFirst: isFirst))
    }

    func connection(_ connection: ConnectionHandler, debug: Debug) {
        self.tell(.debugMessage(debug.message, alwaysDisplay: debug.alwaysDisplay))
    }

    func connection(_ connection: ConnectionHandler, banner: ByteBuffer) {
        self.tell(.banner(banner))
    }

    func connection(_ connection: ConnectionHandler, authenticate request: AuthenticationRequest) {
        connection.fail(SSHError(.misuse, "a client logs nobody in"))
    }

    func connection(_ connection: ConnectionHandler, authenticationFailedFor user: String) {
        self.tell(.keyRefused)
    }

    func connectionAuthenticated(_ connection: ConnectionHandler) {
        self.tell(.loggedIn)
        self.login()
    }

    func connection(_ connection: ConnectionHandler, request: GlobalRequest.Request, reply: UInt64?) {
        switch request {
        case .other(HostKeyUpdate.announcement, let data): self.hostKeysAnnounced(connection, data)
        case .other(ReconnectHint.name, let data): self.reconnectHint = try? ReconnectHint(data)
        default: break
        }
        // keepalive@openssh.com wants any answer; of the others none is known here.
        guard let reply else { return }
        connection.perform { try $0.answerGlobalRequest(reply, success: nil) }
    }

    func connection(_ connection: ConnectionHandler, reply: UInt64, success: ByteBuffer?) {
        guard !self.hostKeysProved(connection, reply, success) else { return }
        self.forwards?.answered(reply, success: success)
    }

    func connection(_ connection: ConnectionHandler, open channel: ChannelID, _ kind: ChannelOpen.Kind) {
        guard let listener = RemoteForwards.Listener(of: kind), let forwards = self.forwards, forwards.wereAskedFor
        else {
            self.tell(.channelRefused(kind: kind.name))
            return connection.refuse(channel, .administrativelyProhibited, "open failed")
        }
        forwards.opened(channel, listener, kind)
    }

    func connection(_ connection: ConnectionHandler, lacksRoom shortage: ChannelShortage) {
        self.tell(.channelShortage(shortage))
    }

    func connectionEnded(_ connection: ConnectionHandler, _ reason: SSHError) {
        self.end(connection, reason)
    }

    func connection(_ connection: ConnectionHandler, verify hostKey: HostKeyToVerify) {
        // Whoever is asked now may take their time.
        self.cancelTimer()
        self.tell(.hostKeyShown(hostKey))
        // A proxy's address is not the server's.
        let address = self.destination.route.isDirect ? connection.remoteAddress?.ipAddress : nil
        switch self.hostKeys.judge(hostKey, address: address) {
        case .accepted(let acceptance): self.accept(hostKey, acceptance, connection)
        case .refused(let error): connection.fail(error)
        case .pending(let decide):
            let decided = self.eventLoop.makePromise(of: HostKeyAcceptance.self)
            decided.completeWithTask(decide)
            decided.futureResult.assumeIsolated().whenComplete { result in
                switch result {
                case .success(let acceptance): self.accept(hostKey, acceptance, connection)
                case .failure(let error): connection.fail(error)
                }
            }
        }
    }

    private func accept(_ hostKey: HostKeyToVerify, _ acceptance: HostKeyAcceptance, _ connection: ConnectionHandler) {
        switch acceptance {
        case .known: self.hostKeyLearning = .awaitingAnnouncement(shown: hostKey.key)
        case .trusted: break
        case .unverified: self.mayForward = false
        }
        self.acceptHostKey(connection)
    }
}
