import NIOCore
import SSHForwarding
import Synchronization

/// The limits that connections share: one for all of an account, one for all of a key.
///
/// A limiter outlives its connections until it is as good as new, so that nobody goes faster by connecting anew.
final class RateLimiterRegistry: Sendable {
    enum Holder: Hashable {
        case account(String)
        /// By its fingerprint, whatever account it logs in to.
        case key(String)
    }

    /// Two rules give two limits to the connections of one account: each has a limiter of its own.
    private struct Name: Hashable {
        let holder: Holder
        let limit: RateLimit
    }

    private struct State {
        var limiters: [Name: RateLimiter] = [:]
        /// So many make it worth while to look for those that nobody needs.
        var sweepsAt = RateLimiterRegistry.smallest
    }

    private static let smallest = 64
    private let state = Mutex(State())

    func limiter(_ limit: RateLimit, for holder: Holder, now: NIODeadline) -> RateLimiter {
        self.state.withLock { state in
            let name = Name(holder: holder, limit: limit)
            if let limiter = state.limiters[name] { return limiter }
            if state.limiters.count >= state.sweepsAt { Self.sweep(&state, now) }
            let limiter = RateLimiter(limit, now: now)
            state.limiters[name] = limiter
            return limiter
        }
    }

    var count: Int { self.state.withLock { $0.limiters.count } }

    /// Forgets limiters that no connection holds and that have nothing to remember.
    private static func sweep(_ state: inout State, _ now: NIODeadline) {
        for name in Array(state.limiters.keys) {
            // Taken out, so that a limiter nobody else holds has one reference.
            guard var limiter = state.limiters.removeValue(forKey: name) else { continue }
            if !isKnownUniquelyReferenced(&limiter) || !limiter.isUnused(now: now) { state.limiters[name] = limiter }
        }
        state.sweepsAt = max(state.limiters.count * 2, Self.smallest)
    }
}
