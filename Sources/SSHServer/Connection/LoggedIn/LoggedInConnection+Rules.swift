import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// Rules that change while the connection lives.
extension LoggedInConnection {
    func standing(asksCommands: Bool) -> Standing {
        Standing(
            connection: self.client.id,
            claim: self.login.claim,
            facts: self.client.facts,
            answers: CommandAnswers(remembering: self.login.grant.remembered, asksAgain: asksCommands),
            earlier: self.login.earlier
        )
    }

    /// Goes on as the decision says: under new settings, or not at all.
    func abide(by judged: Judged, of rules: RelayRules) {
        guard let handler = self.handler, !handler.hasEnded else { return }
        // A reload overtook it, and judges all connections itself.
        guard rules === self.client.context.rules else { return }
        switch judged.decision {
        case .accepted(let grant):
            let old = self.login.grant.settings
            self.login.grant = grant
            self.client.logLevel = rules.logLevel(of: grant.settings)
            self.watch(judged)
            self.applySettings(handler, replacing: old)
            self.applyTimeouts(replacing: old)
            self.applyRateLimits()
            self.listeners?.closeForbidden()
        // It goes on as it is until the command has spoken, or until the files can be read.
        case .awaits, .unclear: return
        case .refused(let refusal, _):
            let reason = refusal.reasons.first ?? "the key is not authorized any more"
            let user = self.login.user.escapedForLog
            self.logger.info(
                "Disconnecting user \(user) \(self.peer): no longer permitted: \(reason.escapedForLog)"
            )
            self.end(because: "no longer permitted", "no longer permitted to log in")
        }
    }

    /// What can end this login is looked at from now on.
    func watch(_ judged: Judged) {
        guard case .accepted(let grant) = judged.decision else { return }
        let context = self.client.context
        let files = context.logins.watch.watch(judged.files, readAt: judged.readAt, since: judged.beganAt)
        context.connections.update(self.client.id, files: files, expires: grant.expires)
    }

    /// Gives the engine what the login's settings say, where they say something new.
    func applySettings(_ connection: ConnectionHandler, replacing old: AccountSettings?) {
        let settings = self.login.grant.settings
        let (limit, keepalive) = (SSHProtocol.RekeyLimit(settings.rekeyLimit), Keepalive(settings))
        connection.perform { $0.apply(channelLimit: settings.maxChannels ?? EngineLimits().channels) }
        if let old, SSHProtocol.RekeyLimit(old.rekeyLimit) == limit, Keepalive(old) == keepalive { return }
        connection.perform { $0.apply(limit, keepalive, now: .now()) }
    }

    /// Goes by the login's timeouts as they are now, if they are others than they were.
    private func applyTimeouts(replacing old: AccountSettings) {
        let settings = self.login.grant.settings
        guard self.channels != nil || settings.unusedConnectionTimeout != nil else { return }
        self.watchedChannels.apply(settings, replacing: old)
    }

    /// RateLimit and `ratelimit=`: holds its tunnels to both, the account's and the key's, as the rules say now.
    func applyRateLimits() {
        let limits: [(RateLimit?, RateLimiterRegistry.Holder)] = [
            (self.login.grant.settings.rateLimit, .account(self.login.user)),
            (self.login.grant.key.options.rateLimit, .key(self.login.fingerprint)),
        ]
        let limiters = limits.compactMap { limit, holder in
            limit.map { self.client.context.rateLimiters.limiter($0, for: holder, now: .now()) }
        }
        // Most reloads change nothing here.
        guard !limiters.elementsEqual(self.rateLimiters, by: ===) else { return }
        self.rateLimiters = limiters
        for tunnel in self.channels?.tunnels ?? [] { tunnel.limit(by: limiters) }
    }
}
