import Glibc
import Logging
import SSHConfiguration
import SSHSystem

/// Runs AuthorizedKeysCommand and AuthorizedPrincipalsCommand: off the event loops and off the threads that read files, a few at
/// once, each for a bounded time. Logins wait for their turn for as long as they may; those that stand are judged on a thread of their own.
final class CommandRunner: Sendable {
    static let shared = CommandRunner()

    private static let timeLimit = Duration.seconds(10)
    private static let outputLimit = 1 << 20

    /// For logins: 16 of one source at once, 48 in all.
    let threads = FairThreads(
        FairThreads.Limits(
            running: 48,
            threads: 48,
            ofSource: 16,
            ofAccount: 16,
            stuckOfSource: 16,
            stuckOfAccount: 16,
            patience: .seconds(60)
        )
    )
    private let revocation = SpareThreads()

    private init() {}

    /// For who is logged in already: no login makes this wait.
    func run(_ invocation: CommandInvocation) async -> CommandResult {
        await withCheckedContinuation { continuation in
            self.revocation.run { continuation.resume(returning: Self.runNow(invocation)) }
        }
    }

    /// Blocks until the command has ended, or must not be waited for any longer.
    ///
    /// - Parameter isWanted: it is killed when nobody waits for it any more.
    static func runNow(
        _ invocation: CommandInvocation,
        timeLimit: Duration = CommandRunner.timeLimit,
        isWanted: @escaping @Sendable () -> Bool = { true }
    ) -> CommandResult {
        let (name, text) = (invocation.kind.rawValue, invocation.text)
        let path: String
        do {
            path = try CommandFile.check(invocation.command.path)
        } catch {
            return .failure(Self.unsafe(name, invocation.command.path, error))
        }
        let found: CommandUser?
        do {
            found = try CommandUser.lookingUp(invocation.user)
        } catch {
            let reason = "the user database does not say now who \"\(invocation.user)\" is"
            return .failure(CommandFailure(.error, "\(name) \(text) is not run: \(reason)", isPassing: true))
        }
        guard let user = found else {
            return .failure(CommandFailure(.error, "\(name)User \"\(invocation.user)\" not found"))
        }
        guard user.isWithinReach(of: geteuid()) else {
            return .failure(
                CommandFailure(.error, "\(name) \(text) is not run: only root can run it as \"\(invocation.user)\"")
            )
        }
        let program = BoundedProgram(
            arguments: user.arguments([path] + invocation.arguments, ours: geteuid()),
            environment: user.environment(language: getenv("LANG").map { String(cString: $0) }),
            timeLimit: timeLimit,
            outputLimit: Self.outputLimit,
            isWanted: isWanted
        )
        let run = program.run()
        return run.output.mapError { failure in
            let line = failure.line(name, text, timeLimit, Self.outputLimit)
            let said = String(decoding: run.errors.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            return CommandFailure(
                line.level,
                line.message + (said.isEmpty ? "" : ": \(said)"),
                isHang: failure == .tooLong,
                isPassing: failure.isPassing
            )
        }
    }

    private static func unsafe(_ name: String, _ path: String, _ error: any Error) -> CommandFailure {
        if let missing = error as? CommandFile.Missing {
            return CommandFailure(.error, "Could not stat \(name) \"\(path)\": \(missing.reason)")
        }
        return CommandFailure(
            .error,
            "Unsafe \(name) \"\(path)\": \((error as? InvalidValue)?.reason ?? ErrorText.of(error))"
        )
    }
}

extension BoundedProgram.Failure {
    /// In sshd's words where it has some.
    fileprivate func line(_ name: String, _ text: String, _ time: Duration, _ size: Int) -> LogLine {
        switch self {
        case .status(let status): .info("\(name) \(text) failed, status \(status)")
        case .signal(let signal): .error("\(name) \(text) exited on signal \(signal)")
        case .notStarted(let reason): .error("\(name) \(text) cannot be run: \(reason)")
        case .tooLong: .error("\(name) \(text) killed: it took longer than \(time.components.seconds) s")
        case .tooMuch: .error("\(name) \(text) killed: it wrote more than \(size) bytes")
        case .unknown: .error("\(name) \(text) failed: its status is not known")
        case .unwanted: .verbose("\(name) \(text) killed: nobody waits for it any more")
        }
    }
}
