import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Runs AuthorizedKeysCommand and AuthorizedPrincipalsCommand: off the event loops and off the threads that read files, a few at
/// once, each for a bounded time. A flood of logins waits, and then is refused.
final class CommandRunner: Sendable {
    static let shared = CommandRunner()

    /// How many run at once, and how many may wait for that.
    private static let concurrency = 16
    private static let queueLimit = 1024
    /// How long one may wait for its turn, and how long it may run then.
    private static let waitLimit = Duration.seconds(10)
    private static let timeLimit = Duration.seconds(10)
    private static let outputLimit = 1 << 20

    private let pool: NIOThreadPool
    private let count = Mutex(0)

    private init() {
        self.pool = NIOThreadPool(numberOfThreads: Self.concurrency)
        self.pool.start()
    }

    func run(_ invocation: CommandInvocation, on eventLoop: any EventLoop) -> EventLoopFuture<CommandResult> {
        eventLoop.makeFutureWithTask { await self.run(invocation) }
    }

    func run(_ invocation: CommandInvocation) async -> CommandResult {
        let isBusy = self.count.withLock { count in
            guard count < Self.concurrency + Self.queueLimit else { return true }
            count += 1
            return false
        }
        guard !isBusy else { return .failure(Self.busy(invocation)) }
        defer { self.count.withLock { $0 -= 1 } }
        let turnEnds = ContinuousClock.now + Self.waitLimit
        let result = try? await self.pool.runIfActive {
            ContinuousClock.now < turnEnds ? Self.runNow(invocation) : .failure(Self.busy(invocation))
        }
        return result ?? .failure(Self.busy(invocation))
    }

    private static func busy(_ invocation: CommandInvocation) -> CommandFailure {
        let name = invocation.kind.rawValue
        return CommandFailure(.error, "\(name) \(invocation.text) is not run: too many are running already")
    }

    /// Blocks until the command has ended, or must not be waited for any longer.
    static func runNow(
        _ invocation: CommandInvocation,
        timeLimit: Duration = CommandRunner.timeLimit
    ) -> CommandResult {
        let (name, text) = (invocation.kind.rawValue, invocation.text)
        let path: String
        do {
            path = try CommandFile.check(invocation.command.path)
        } catch {
            return .failure(Self.unsafe(name, invocation.command.path, error))
        }
        guard let user = CommandUser.lookingUp(invocation.user) else {
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
            outputLimit: Self.outputLimit
        )
        let run = program.run()
        return run.output.mapError { failure in
            let line = failure.line(name, text, timeLimit, Self.outputLimit)
            let said = String(decoding: run.errors.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            return CommandFailure(
                line.level,
                line.message + (said.isEmpty ? "" : ": \(said)"),
                isHang: failure == .tooLong
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
        }
    }
}
