import Synchronization

/// Connections that cannot be judged again before a command was asked: all at a reload whose line came from a command, and those
/// that lost their line in a file.
extension Rejudgement {
    /// - Parameter evenIfAsked: also about connections about whom a command is being asked already.
    func startAsking(_ judged: [Judged], by rules: RelayRules, evenIfAsked: Bool) {
        let waiting = self.askedAbout.withLock { asked in
            judged.filter { asked.insert($0.standing.connection).inserted || evenIfAsked }
        }
        guard !waiting.isEmpty else { return }
        Task {
            await self.judgeWithCommands(waiting, by: rules)
            self.askedAbout.withLock { $0.subtract(waiting.map(\.standing.connection)) }
        }
    }

    /// Asks one command after another, so that logins find their turn, and judges each connection when its command has spoken.
    private func judgeWithCommands(_ judged: [Judged], by rules: RelayRules) async {
        var round = CommandRound()
        var waiting = judged
        while !waiting.isEmpty {
            var others: [Judged] = []
            for (invocation, group) in Dictionary(grouping: waiting, by: \.awaited) {
                guard let invocation else { continue }
                // Another reload judges all connections itself.
                guard rules === self.context.rules, !self.context.isStopping else { return }
                let result = await round.ask(invocation, self.context)
                let standings = group.map { judged in
                    var standing = judged.standing
                    standing.answers.add(result, of: invocation)
                    return standing
                }
                others += await self.judge(standings, by: rules)
            }
            waiting = others
        }
    }
}

/// What commands have said in one round of judging. One that hangs again and again is not asked any more in it; a single user
/// who can slow down the answer about himself does not keep the others from being asked about.
private struct CommandRound {
    private static let mostHangs = 8

    private var hangs: [AccountCommand: (count: Int, last: CommandFailure)] = [:]

    mutating func ask(_ invocation: CommandInvocation, _ context: RelayContext) async -> CommandResult {
        let command = invocation.command
        if let known = self.hangs[command], known.count >= Self.mostHangs { return .failure(known.last) }
        let result = await CommandRunner.shared.run(invocation)
        if case .failure(let failure) = result {
            let (level, message) = (failure.line.level, failure.line.message)
            context.logger.write([LogLine(level: level, message: "\(message); who is logged in by it stays")])
            if failure.isHang { self.hangs[command] = ((self.hangs[command]?.count ?? 0) + 1, failure) }
        }
        return result
    }
}
