import NIOCore
import SSHWire
import Synchronization

/// Where a relay listens, for those who wait for that.
final class ListeningAddresses: Sendable {
    private enum State {
        case awaited([UInt64: CheckedContinuation<[SocketAddress], any Error>])
        case known([SocketAddress])
        case ended(any Error)
    }

    private let state = Mutex((state: State.awaited([:]), next: UInt64(0)))

    func begin(on addresses: [SocketAddress]) {
        self.change(to: .known(addresses), .success(addresses))
    }

    /// There is no relay any more.
    func end(_ result: Result<Void, any Error>) {
        var reason: any Error = SSHError(.misuse, "the relay has stopped")
        if case .failure(let error) = result { reason = error }
        self.change(to: .ended(reason), .failure(reason))
    }

    private func change(to state: State, _ answer: Result<[SocketAddress], any Error>) {
        let waiting = self.state.withLock { current in
            defer { current.state = state }
            if case .awaited(let waiting) = current.state { return Array(waiting.values) }
            return []
        }
        for continuation in waiting { continuation.resume(with: answer) }
    }

    func addresses() async throws -> [SocketAddress] {
        let number = self.state.withLock { current in
            current.next += 1
            return current.next
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer: Result<[SocketAddress], any Error>? = self.state.withLock { current in
                    switch current.state {
                    case .known(let addresses): return .success(addresses)
                    case .ended(let error): return .failure(error)
                    case .awaited(var waiting):
                        // Who was cancelled before this point would wait for good.
                        guard !Task.isCancelled else { return .failure(CancellationError()) }
                        waiting[number] = continuation
                        current.state = .awaited(waiting)
                        return nil
                    }
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            let continuation = self.state.withLock { current -> CheckedContinuation<[SocketAddress], any Error>? in
                guard case .awaited(var waiting) = current.state else { return nil }
                let continuation = waiting.removeValue(forKey: number)
                current.state = .awaited(waiting)
                return continuation
            }
            continuation?.resume(throwing: CancellationError())
        }
    }
}
