import SSHConfiguration
import SSHSystem

extension OperatedConnections {
    /// Ends the connections that the target means.
    ///
    /// - Parameters:
    ///   - who: as the log has it.
    ///   - account: only those of this account; nil for all.
    /// - Returns: how many it has ended.
    func kick(_ target: KickTarget, by who: String, within account: String? = nil) async -> Int {
        var count = 0
        for numbers in await self.numbers(of: target).pieces(of: Piece.ofEnds) {
            // Asked again: meanwhile a port may have gone to somebody else.
            count += await self.ask(numbers) { connection -> Bool? in
                guard account.map({ connection.owner?.account.hasSameBytes(as: $0) == true }) ?? true,
                    target.matches(connection)
                else { return nil }
                return connection.kick(target, by: who) ? true : nil
            }.count
        }
        return count
    }

    private func numbers(of target: KickTarget) async -> [UInt64] {
        if case .connection(let number) = target { return [number] }
        var found: [UInt64] = []
        for numbers in self.numbers.pieces(of: Piece.ofQuestions) {
            found += await self.ask(numbers) { target.matches($0) ? $0.number : nil }
        }
        return found
    }
}

extension KickTarget {
    fileprivate func matches(_ connection: any OperatedConnection) -> Bool {
        switch self {
        // As it is, or as the list and the log write it.
        case .account(let name):
            connection.owner.map { $0.account == name || $0.account.escapedForLog == name } ?? false
        case .key(let fingerprint): connection.owner?.fingerprint == fingerprint
        case .port(let port): connection.listens(on: port)
        case .name(let name): connection.holds(name)
        case .connection: true
        }
    }
}
