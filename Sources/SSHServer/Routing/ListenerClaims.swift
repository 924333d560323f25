import DequeModule
import NIOCore
import SSHConfiguration
import Synchronization

/// Who waits for which port or name: requests for the same one have their turns one after the other, so that each sees what became
/// of those before it, and no two of them get an address family each. Those of one connection go together.
final class ListenerClaims: Sendable {
    /// So many requests of one account wait in one line.
    static let mostWaiting = 256

    private struct Claim {
        let number: UInt64
        let holder: any ListenerHolder
        /// Begins its turn; nil when that has begun. It holds the turn, which whoever has it now must hold alone.
        var resume: (@Sendable () -> Void)?
    }

    private struct State {
        var lastNumber: UInt64 = 0
        /// The first of each line has its turn, and with it those of the same connection that follow it.
        var claims: [HeldPlace.Line: Deque<Claim>] = [:]
    }

    private let state = Mutex(State())

    /// A turn ends when it is told so, and at the latest when nobody holds it any more: a port is never claimed for ever.
    final class Turn: Sendable {
        private let line: HeldPlace.Line
        private let number: UInt64
        private let claims: ListenerClaims

        fileprivate init(_ line: HeldPlace.Line, _ number: UInt64, _ claims: ListenerClaims) {
            self.line = line
            self.number = number
            self.claims = claims
        }

        deinit { self.end() }

        func end() {
            self.claims.end(self.line, self.number)
        }
    }

    /// Stands in line. Must be called on the claimant's event loop.
    ///
    /// - Parameters:
    ///   - eventLoop: the claimant's.
    ///   - body: gets the turn, on that event loop, before this returns if nobody else is before it; it must say when the turn
    ///     ends.
    /// - Returns: those before it; nil if too many of its account wait already, and `body` is not called.
    func claim(
        _ line: HeldPlace.Line,
        for holder: any ListenerHolder,
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable (Turn) -> Void
    ) -> [any ListenerHolder]? {
        let claimed = self.state.withLock { state -> (before: [any ListenerHolder], turn: Turn, mayBegin: Bool)? in
            let before = state.claims[line, default: []].map(\.holder)
            guard before.count(where: { $0.account.hasSameBytes(as: holder.account) }) < Self.mostWaiting else {
                return nil
            }
            state.lastNumber += 1
            let turn = Turn(line, state.lastNumber, self)
            let resume: @Sendable () -> Void = { eventLoop.execute { body(turn) } }
            let mayBegin = before.allSatisfy { $0.connection == holder.connection }
            let claim = Claim(number: state.lastNumber, holder: holder, resume: mayBegin ? nil : resume)
            state.claims[line, default: []].append(claim)
            return (before, turn, mayBegin)
        }
        guard let claimed else { return nil }
        if claimed.mayBegin { body(claimed.turn) }
        return claimed.before
    }

    private func resumeFirst(of line: HeldPlace.Line) {
        let resumed = self.state.withLock { state -> [@Sendable () -> Void] in
            guard let claims = state.claims[line], let connection = claims.first?.holder.connection else { return [] }
            var resumed: [@Sendable () -> Void] = []
            for (index, claim) in claims.enumerated() {
                guard claim.holder.connection == connection else { break }
                guard let resume = claim.resume else { continue }
                state.claims[line]?[index].resume = nil
                resumed.append(resume)
            }
            return resumed
        }
        for resume in resumed { resume() }
    }

    private func end(_ line: HeldPlace.Line, _ number: UInt64) {
        let (removed, wasFirst) = self.state.withLock { state -> (Claim?, Bool) in
            guard let place = state.claims[line]?.firstIndex(where: { $0.number == number }) else {
                return (nil, false)
            }
            let removed = state.claims[line]?.remove(at: place)
            if state.claims[line]?.isEmpty == true { state.claims[line] = nil }
            return (removed, place == 0)
        }
        // Let go of outside of the lock: with the claim its turn may go, which takes the lock.
        withExtendedLifetime(removed) {}
        if wasFirst { self.resumeFirst(of: line) }
    }
}
