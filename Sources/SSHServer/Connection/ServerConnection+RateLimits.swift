import NIOCore
import SSHCrypto
import SSHForwarding

/// RateLimit and `ratelimit=`: both hold, the account's and the key's.
extension ServerConnection {
    /// Holds its tunnels to what the rules say now.
    func applyRateLimits() {
        guard let login = self.login else { return }
        let limits: [(RateLimit?, RateLimiterRegistry.Holder)] = [
            (login.grant.settings.rateLimit, .account(login.user)),
            (login.grant.key.options.rateLimit, .key(login.fingerprint)),
        ]
        let limiters = limits.compactMap { limit, holder in
            limit.map { self.context.rateLimiters.limiter($0, for: holder, now: .now()) }
        }
        // Most reloads change nothing here.
        guard !limiters.elementsEqual(self.rateLimiters, by: ===) else { return }
        self.rateLimiters = limiters
        for running in self.channels.values { (running.channel as? Tunnel)?.limit(by: limiters) }
    }
}
