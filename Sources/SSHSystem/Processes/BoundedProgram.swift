import Glibc
import SSHWire
import Synchronization

/// A program that is run to its end for what it writes, for a bounded time and up to a bounded size. What does not keep to that is
/// killed, with its process group.
package struct BoundedProgram {
    /// The first is an absolute path.
    package let arguments: [String]
    /// `NAME=value`, all that there is.
    package let environment: [String]
    package let timeLimit: Duration
    /// Bytes.
    package let outputLimit: Int
    /// Asked now and then: when nobody wants it any more, it is killed.
    package var isWanted: @Sendable () -> Bool

    package init(
        arguments: [String],
        environment: [String],
        timeLimit: Duration,
        outputLimit: Int,
        isWanted: @escaping @Sendable () -> Bool = { true }
    ) {
        self.arguments = arguments
        self.environment = environment
        self.timeLimit = timeLimit
        self.outputLimit = outputLimit
        self.isWanted = isWanted
    }

    package enum Failure: Error, Hashable {
        /// It could not be started, and why.
        case notStarted(String)
        case status(Int32)
        case signal(Int32)
        case tooLong
        case tooMuch
        case unknown
        case unwanted

        /// It says nothing of what the program would have said.
        package var isPassing: Bool {
            switch self {
            case .notStarted, .tooLong, .unknown, .unwanted: true
            case .status, .signal, .tooMuch: false
            }
        }
    }

    /// How soon it is noticed that nobody wants it any more.
    private static let attention = Duration.milliseconds(100)

    package struct Run {
        /// What it wrote to standard output, of a run that ended with status 0.
        package var output: Result<[UInt8], Failure>
        /// The beginning of what it wrote to standard error.
        package var errors: [UInt8]
    }

    private static let errorLimit = 512
    /// Killed programs that the system had not ended yet when nobody could wait any more.
    private static let unreaped = Mutex<[ChildProcess]>([])

    /// Blocks until the program has ended or was killed.
    package func run() -> Run {
        Self.unreaped.withLock { $0.removeAll { $0.ending() != nil } }
        let child: ChildProcess
        do throws(SSHError) {
            child = try ChildProcess.start(self.arguments, environment: self.environment)
        } catch {
            return Run(output: .failure(.notStarted(error.reason)), errors: [])
        }
        defer {
            close(child.output)
            close(child.errors)
        }
        let deadline = ContinuousClock.now + self.timeLimit
        var reading = Reading(child, limit: self.outputLimit)
        do throws(Failure) {
            try reading.readAll(until: deadline, while: self.isWanted)
            try self.awaitSuccess(of: child, until: deadline)
            return Run(output: .success(reading.output), errors: reading.errors)
        } catch {
            reading.readErrors()
            switch error {
            case .tooLong, .tooMuch, .unwanted: Self.end(child)
            default: break
            }
            return Run(output: .failure(error), errors: reading.errors)
        }
    }

    private func awaitSuccess(of child: ChildProcess, until deadline: ContinuousClock.Instant) throws(Failure) {
        // It has closed its output, so it is about to end: it is asked often at first, and then seldom.
        var pause: Int32 = 0
        while true {
            switch child.ending() {
            case .exit(status: 0): return
            case .exit(let status): throw .status(status)
            case .signal(let signal): throw .signal(signal)
            case .unknown: throw .unknown
            case nil: break
            }
            guard ContinuousClock.now < deadline else { throw .tooLong }
            guard self.isWanted() else { throw .unwanted }
            poll(nil, 0, pause)
            pause = min(pause + 1, 20)
        }
    }

    private static func end(_ child: ChildProcess) {
        child.kill()
        let deadline = ContinuousClock.now + .seconds(1)
        while child.ending() == nil {
            // It may hang in a system call that cannot be interrupted.
            guard ContinuousClock.now < deadline else { return Self.unreaped.withLock { $0.append(child) } }
            poll(nil, 0, 2)
        }
    }

    /// What has come out of the two pipes.
    private struct Reading {
        private(set) var output: [UInt8] = []
        private(set) var errors: [UInt8] = []
        private var pipes: [pollfd]
        private var chunk = [UInt8](repeating: 0, count: 16_384)
        private let limit: Int

        init(_ child: ChildProcess, limit: Int) {
            self.pipes = [
                pollfd(fd: child.output, events: Int16(POLLIN), revents: 0),
                pollfd(fd: child.errors, events: Int16(POLLIN), revents: 0),
            ]
            self.limit = limit
        }

        /// Until the output ends.
        mutating func readAll(
            until deadline: ContinuousClock.Instant,
            while isWanted: () -> Bool
        ) throws(Failure) {
            while self.pipes[0].fd >= 0 {
                let left = deadline - ContinuousClock.now
                guard left > .zero else { throw .tooLong }
                guard isWanted() else { throw .unwanted }
                try self.read(waiting: Int32(min(left, BoundedProgram.attention) / .milliseconds(1)) + 1)
            }
        }

        /// What is there already of standard error.
        mutating func readErrors() {
            self.pipes[0].fd = -1
            try? self.read(waiting: 0)
        }

        private mutating func read(waiting milliseconds: Int32) throws(Failure) {
            guard poll(&self.pipes, nfds_t(self.pipes.count), milliseconds) > 0 else { return }
            for index in self.pipes.indices where self.pipes[index].revents != 0 {
                let count = Glibc.read(self.pipes[index].fd, &self.chunk, self.chunk.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    // poll(2) does not look at negative ones.
                    self.pipes[index].fd = -1
                    self.pipes[index].revents = 0
                    continue
                }
                if index == 0 {
                    self.output += self.chunk[..<count]
                    guard self.output.count <= self.limit else { throw .tooMuch }
                } else {
                    self.errors += self.chunk[..<count].prefix(BoundedProgram.errorLimit - self.errors.count)
                }
            }
        }
    }
}
