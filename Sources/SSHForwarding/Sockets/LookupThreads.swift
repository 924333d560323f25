import NIOPosix
import SSHWire
import Synchronization

/// The threads on which names are looked up, for all tunnels of a process.
///
/// A name whose servers do not answer keeps a thread for half a minute. So whoever asks for many waits behind himself: of
/// all threads he has a few, and the others' questions go on.
final class LookupThreads: Sendable {
    typealias Work = @Sendable () -> Void

    private struct Queue {
        var running = 0
        var waiting: [Work] = []
    }

    static let shared = LookupThreads(count: 16, mostOfOne: 4, mostWaiting: 1024)

    private let pool: NIOThreadPool
    private let mostOfOne: Int
    private let mostWaiting: Int
    /// Of those who ask just now.
    private let queues = Mutex<[LookupAsker: Queue]>([:])

    init(count: Int, mostOfOne: Int, mostWaiting: Int) {
        self.pool = NIOThreadPool(numberOfThreads: count)
        self.mostOfOne = mostOfOne
        self.mostWaiting = mostWaiting
        self.pool.start()
    }

    /// How many wait for an answer.
    var askers: Int { self.queues.withLock { $0.count } }

    /// - Parameter asker: on whose behalf; nil if everything is on behalf of the same.
    /// - Throws: `limitExceeded` if too much of the asker's waits already.
    func submit(for asker: LookupAsker?, _ work: @escaping Work) throws {
        guard let asker else { return self.run(work) }
        let mayRun = try self.queues.withLock { queues in
            guard queues[asker, default: Queue()].running < self.mostOfOne else {
                guard queues[asker, default: Queue()].waiting.count < self.mostWaiting else {
                    throw SSHError(.limitExceeded, "too many names are being looked up")
                }
                queues[asker]?.waiting.append(work)
                return false
            }
            queues[asker, default: Queue()].running += 1
            return true
        }
        if mayRun { self.run(work, for: asker) }
    }

    private func run(_ work: @escaping Work) {
        self.pool.submit { _ in work() }
    }

    private func run(_ work: @escaping Work, for asker: LookupAsker) {
        self.run {
            work()
            if let next = self.next(for: asker) { self.run(next, for: asker) }
        }
    }

    /// After one of an asker's questions: the one to go on with.
    private func next(for asker: LookupAsker) -> Work? {
        self.queues.withLock { queues in
            guard queues[asker]?.waiting.isEmpty == false else {
                queues[asker]?.running -= 1
                if queues[asker]?.running == 0 { queues[asker] = nil }
                return nil
            }
            return queues[asker]?.waiting.removeFirst()
        }
    }
}

/// On whose behalf a name is looked up: a server's account or key.
public struct LookupAsker: Hashable, Sendable {
    private let identity: [UInt8]

    public init(_ identity: [UInt8]) {
        self.identity = identity
    }
}
