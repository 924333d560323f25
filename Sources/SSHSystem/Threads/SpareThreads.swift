import NIOPosix
import Synchronization

/// Threads that come when they are needed and stay for the next: as many as are busy at once.
///
/// A thread that hangs in a system call keeps itself and nothing else from going on.
package final class SpareThreads: Sendable {
    /// So many wait for work at most.
    private static let mostIdle = 16

    private let idle = Mutex<[NIOThreadPool]>([])

    package init() {}

    deinit {
        for thread in self.idle.withLock({ $0 }) { Self.end(thread) }
    }

    /// Begins at once.
    package func run(_ body: @escaping @Sendable () -> Void) {
        let thread = self.idle.withLock { $0.popLast() } ?? Self.start()
        thread.submit { _ in
            body()
            self.takeBack(thread)
        }
    }

    /// Waits for what may have to wait for somebody.
    package func result<Value: Sendable>(
        of body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            self.run { continuation.resume(with: Result { try body() }) }
        }
    }

    private func takeBack(_ thread: NIOThreadPool) {
        let isKept = self.idle.withLock { idle in
            guard idle.count < Self.mostIdle else { return false }
            idle.append(thread)
            return true
        }
        if !isKept { Self.end(thread) }
    }

    private static func start() -> NIOThreadPool {
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        return thread
    }

    private static func end(_ thread: NIOThreadPool) {
        thread.shutdownGracefully { _ in }
    }
}
