import Glibc
import SSHConfiguration
import SSHSystem

/// The relay's answers to what clients ask in sessions: `ssh relay list`. Everything stays within the caller's account.
struct RelaySessionCommands: SessionCommands {
    /// So many run at once.
    private let turns = SessionTurns(most: 256, ofAccount: 16)
    private let threads = SpareThreads()

    func command(
        _ text: String,
        from caller: SessionCaller,
        _ context: RelayContext,
        hasTerminal: Bool
    ) -> SessionCommand? {
        guard let name = SessionRequestLine.name(in: text) else { return nil }
        guard caller.commands.permits(name) else {
            return { _ in
                .failure(
                    "\(name.rawValue): not permitted: it takes permitcommand=\"\(name.rawValue)\" in front of your key"
                )
            }
        }
        let line: SessionRequestLine
        do {
            line = try SessionRequestLine(name, text)
        } catch {
            return { _ in .failure(error.reason.escapedForTerminal(), status: 2) }
        }
        guard let turn = self.turns.begin(caller.account) else {
            return { _ in .failure("\(name.rawValue): too much runs for your account, try again later", status: 75) }
        }
        return { stream in
            defer { turn.end() }
            do {
                let wantsJSON = line.wantsJSON
                return try await SessionAnswer(caller, context, stream, wantsJSON: wantsJSON, threads: self.threads)
                    .answer(line.question)
            } catch is CancellationError {
                return .success
            } catch {
                return .failure("\(name.rawValue): \(ErrorText.of(error).escapedForTerminal())")
            }
        }
    }
}
