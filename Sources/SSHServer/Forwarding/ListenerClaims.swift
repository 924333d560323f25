import DequeModule
import NIOCore
import Synchronization

/// Who waits for which port: requests for the same port have their turns one after the other, so that each sees what became
/// of those before it, and no two of them get an address family each.
final class ListenerClaims: Sendable {
    /// So many requests of one account wait for one port.
    static let mostWaiting = 256

    private struct Claim {
        let number: UInt64
        let holder: ListenerRegistry.Holder
        /// Begins its turn; nil when that has begun. It holds the turn, which whoever has it now must hold alone.
        var resume: (@Sendable () -> Void)?
    }

    private struct State {
        var lastNumber: UInt64 = 0
        /// The first of each port has its turn.
        var claims: [UInt16: Deque<Claim>] = [:]
    }

    private let state = Mutex(State())

    /// A turn ends when it is told so, and at the latest when nobody holds it any more: a port is never claimed for ever.
    final class Turn: Sendable {
        private let port: UInt16
        private let number: UInt64
        private let claims: ListenerClaims

        fileprivate init(_ port: UInt16, _ number: UInt64, _ claims: ListenerClaims) {
            self.port = port
            self.number = number
            self.claims = claims
        }

        deinit { self.end() }

        func end() {
            self.claims.end(self.port, self.number)
        }
    }

    /// Stands in line for a port. Must be called on the claimant's event loop.
    ///
    /// - Parameter body: gets the turn, on the claimant's event loop, before this returns if nobody is before it; it must say
    ///   when the turn ends.
    /// - Returns: those before it; nil if too many of its account wait already, and `body` is not called.
    func claim(
        _ port: UInt16,
        for holder: ListenerRegistry.Holder,
        _ body: @escaping @Sendable (Turn) -> Void
    ) -> [ListenerRegistry.Holder]? {
        let claimed = self.state.withLock { state -> (before: [ListenerRegistry.Holder], turn: Turn)? in
            let before = state.claims[port, default: []].map(\.holder)
            guard before.count(where: { $0.account.hasSameBytes(as: holder.account) }) < Self.mostWaiting else {
                return nil
            }
            state.lastNumber += 1
            let turn = Turn(port, state.lastNumber, self)
            let resume: @Sendable () -> Void = { holder.reference.eventLoop.execute { body(turn) } }
            let claim = Claim(number: state.lastNumber, holder: holder, resume: before.isEmpty ? nil : resume)
            state.claims[port, default: []].append(claim)
            return (before, turn)
        }
        guard let claimed else { return nil }
        if claimed.before.isEmpty { body(claimed.turn) }
        return claimed.before
    }

    private func resumeFirst(of port: UInt16) {
        let resume = self.state.withLock { state -> (@Sendable () -> Void)? in
            guard let resume = state.claims[port]?.first?.resume else { return nil }
            state.claims[port]?[0].resume = nil
            return resume
        }
        resume?()
    }

    private func end(_ port: UInt16, _ number: UInt64) {
        let (removed, wasFirst) = self.state.withLock { state -> (Claim?, Bool) in
            guard let place = state.claims[port]?.firstIndex(where: { $0.number == number }) else {
                return (nil, false)
            }
            let removed = state.claims[port]?.remove(at: place)
            if state.claims[port]?.isEmpty == true { state.claims[port] = nil }
            return (removed, place == 0)
        }
        // Let go of outside of the lock: with the claim its turn may go, which takes the lock.
        withExtendedLifetime(removed) {}
        if wasFirst { self.resumeFirst(of: port) }
    }
}
