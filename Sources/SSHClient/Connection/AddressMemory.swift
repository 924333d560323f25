import NIOCore
import SSHSystem
import SSHWire
import Synchronization

/// Where servers were when they were last reached, so that a name server that is away keeps nobody from them.
final class AddressMemory: Sendable {
    /// How long a look-up may take before what is remembered is tried beside it.
    static let patience = TimeAmount.seconds(2)
    /// Of one name.
    private static let mostAddresses = 64

    struct Name: Hashable, Sendable {
        let host: String
        let port: UInt16
        /// AF_UNSPEC, AF_INET or AF_INET6.
        let family: CInt
    }

    private struct State {
        var known: [Name: [SocketAddress]] = [:]
        var running: [Name: EventLoopFuture<[SocketAddress]>] = [:]
    }

    /// The system's resolver can take half a minute, and nobody else's work waits behind it.
    private let threads = SpareThreads()
    private let state = Mutex(State())

    /// What is remembered; nil if it was never reached.
    func known(_ name: Name) -> [SocketAddress]? {
        self.state.withLock { $0.known[name] }
    }

    /// It was reached at one of these.
    func remember(_ addresses: [SocketAddress], of name: Name) {
        guard !addresses.isEmpty else { return }
        self.state.withLock { $0.known[name] = Array(addresses.prefix(Self.mostAddresses)) }
    }

    /// - Returns: what the system's resolver says. A question that is not answered yet is not asked twice.
    func lookUp(_ name: Name, on eventLoop: any EventLoop) -> EventLoopFuture<[SocketAddress]> {
        let (future, promise) = self.state.withLock { state in
            if let running = state.running[name] {
                return (running, EventLoopPromise<[SocketAddress]>?.none)
            }
            let promise = eventLoop.makePromise(of: [SocketAddress].self)
            state.running[name] = promise.futureResult
            return (promise.futureResult, promise)
        }
        if let promise {
            self.threads.run {
                let result = Result {
                    try HostResolution.addresses(of: name.host, port: name.port, family: name.family)
                }
                self.state.withLock { _ = $0.running.removeValue(forKey: name) }
                promise.completeWith(result)
            }
        }
        return future.hop(to: eventLoop)
    }
}
