import Logging
import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

extension ServerConnection: ConnectionOwner {
    func connectionIdentified(_ connection: ConnectionHandler, peer: String) {
        self.hasIdentified = true
        self.progressed(to: .identified)
        self.endWithholding(connection)
        self.logger.trace("\(self.peer): remote version \(peer.escapedForLog)")
        if self.facts.missing.contains(.host), let eventLoop = connection.eventLoop {
            self.nameRequest = ClientNameRequest(self.peer.address, on: eventLoop)
        }
        self.askForTurn(connection)
    }

    func connectionNegotiated(_ connection: ConnectionHandler, _ algorithms: NegotiatedAlgorithms, isFirst: Bool) {
        if isFirst { self.progressed(to: .keysExchanged) }
        self.logger.trace("\(self.peer): \(isFirst ? "kex" : "rekey"): \(algorithms)")
    }

    func connection(_ connection: ConnectionHandler, verify hostKey: HostKeyToVerify) {
        connection.fail(SSHError(.misuse, "a server verifies no host key"))
    }

    func connection(_ connection: ConnectionHandler, banner: ByteBuffer) {}

    func connectionAuthenticated(_ connection: ConnectionHandler) {
        self.endStartup()
        self.countForAccount(connection)
        self.context.turns.measured(connection.timeBeforeLogin)
        self.context.knownSources.loggedIn(self.source)
        self.announceHostKeys(connection)
        self.applySettings(connection, replacing: nil)
        self.applyRateLimits()
        self.watchForUse()
    }

    /// Gives the engine what the login's settings say, where they say something new.
    func applySettings(_ connection: ConnectionHandler, replacing old: AccountSettings?) {
        guard let settings = self.login?.grant.settings else { return }
        let (limit, keepalive) = (SSHProtocol.RekeyLimit(settings.rekeyLimit), Keepalive(settings))
        connection.perform { $0.apply(channelLimit: settings.maxChannels ?? EngineLimits().channels) }
        if let old, SSHProtocol.RekeyLimit(old.rekeyLimit) == limit, Keepalive(old) == keepalive { return }
        connection.perform { $0.apply(limit, keepalive, now: .now()) }
    }

    func connection(_ connection: ConnectionHandler, request: GlobalRequest.Request, reply: UInt64?) {
        switch request {
        case .tcpipForward(let address):
            self.listen(connection, address, reply)
        case .cancelTCPIPForward(let address):
            self.cancel(connection, address, reply)
        case .streamLocalForward(let path):
            self.listen(connection, path: path, reply)
        case .cancelStreamLocalForward(let path):
            self.cancel(connection, path: path, reply)
        case .other(HostKeyUpdate.proof, let data):
            self.proveHostKeys(connection, data, reply)
        case .other(let name, _):
            if name == "no-more-sessions@openssh.com" { self.allowsSessions = false }
            self.answer(connection, reply, success: nil)
        }
    }

    func connection(_ connection: ConnectionHandler, reply: UInt64, success: ByteBuffer?) {}

    func connection(_ connection: ConnectionHandler, open channel: ChannelID, _ kind: ChannelOpen.Kind) {
        guard !self.context.isStopping else {
            return connection.refuse(channel, .resourceShortage, "the relay is shutting down")
        }
        switch kind {
        case .directTCPIP(let addresses):
            self.dial(connection, channel, addresses)
        case .session:
            self.openSession(connection, channel)
        case .directStreamLocal(let path):
            self.dial(connection, channel, path: path)
        case .forwardedTCPIP, .forwardedStreamLocal, .other:
            connection.refuse(channel, .unknownChannelType, "unknown channel type")
        }
    }

    func connectionEnded(_ connection: ConnectionHandler, _ reason: SSHError) {
        self.endStartup()
        if connection.isAuthenticated { self.context.knownSources.loggedOut(self.source, now: .secondsNow) }
        if self.login == nil, self.endReason == nil, !self.isKeptWaiting, reason.code != .signatureUnavailable {
            self.context.penalties.punish(self.peer.address, for: self.settledOffence, now: .secondsNow)
        }
        self.forwards.closeAll()
        self.answerLifeWaiters(.gone)
        self.context.connections.remove(self.id)
        self.handler = nil
        self.nameRequest?.cancel()
        self.unusedTimer?.cancel()
        self.globalTimer?.cancel()
        if self.stopWaiting() { self.giveUpOnTriedAccount() }
        // Whoever ended it has said so.
        guard self.endReason == nil else { return }
        self.afterTriedAccount {
            self.sourceLog.write(ConnectionEndLines(phase: self.phase, peer: self.peer).lines(reason))
        }
    }

    func answer(_ connection: ConnectionHandler, _ reply: UInt64?, success: ByteBuffer?) {
        guard let reply else { return }
        connection.perform { try $0.answerGlobalRequest(reply, success: success) }
    }
}
