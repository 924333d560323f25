import NIOCore
import SSHWire

/// Tries the addresses of a server, each a little after the one before, and takes the first that answers (RFC 8305, "happy eyeballs"): one
/// that is silent, as an IPv6 address often is where there is no way for IPv6, keeps nobody waiting.
///
/// Everything happens on one event loop.
final class AddressRace<Winner: Sendable> {
    /// RFC 8305 §8: how long an address is alone before the next one joins in.
    private static var headStart: TimeAmount { .milliseconds(250) }

    private let eventLoop: any EventLoop
    private let connect: (SocketAddress) -> EventLoopFuture<any Channel>
    private let onConnect: (any Channel) throws -> Winner
    private let onFailure: (SocketAddress, any Error) -> Void
    private let promise: EventLoopPromise<Winner>
    private var waiting: ArraySlice<SocketAddress>
    private var running = 0
    private var isOver = false
    private var next: Scheduled<Void>?

    /// - Parameters:
    ///   - addresses: in the order of the system's preference.
    ///   - onConnect: gets the winner's socket at once; the others are closed.
    ///   - onFailure: hears of each address that fails before there is a winner.
    init(
        _ addresses: [SocketAddress],
        on eventLoop: any EventLoop,
        connect: @escaping (SocketAddress) -> EventLoopFuture<any Channel>,
        onConnect: @escaping (any Channel) throws -> Winner,
        onFailure: @escaping (SocketAddress, any Error) -> Void
    ) {
        self.waiting = Self.interleaved(addresses)[...]
        self.eventLoop = eventLoop
        self.connect = connect
        self.onConnect = onConnect
        self.onFailure = onFailure
        self.promise = eventLoop.makePromise()
    }

    /// - Returns: fails with what the last address failed with.
    func run() -> EventLoopFuture<Winner> {
        if self.waiting.isEmpty {
            self.promise.fail(SSHError(.connectionLost, "no address"))
        } else {
            self.startNext()
        }
        return self.promise.futureResult
    }

    private func startNext() {
        self.next?.cancel()
        guard !self.isOver, let address = self.waiting.popFirst() else { return }
        self.running += 1
        self.connect(address).assumeIsolated().whenComplete { result in
            self.running -= 1
            switch result {
            case .success(let socket): self.connected(socket)
            case .failure(let error): self.failed(address, error)
            }
        }
        guard !self.waiting.isEmpty else { return }
        self.next = self.eventLoop.assumeIsolated().scheduleTask(in: Self.headStart) { self.startNext() }
    }

    private func connected(_ socket: any Channel) {
        guard !self.isOver else { return socket.close(promise: nil) }
        self.isOver = true
        self.next?.cancel()
        self.promise.completeWith(Result { try self.onConnect(socket) })
    }

    private func failed(_ address: SocketAddress, _ error: any Error) {
        guard !self.isOver else { return }
        self.onFailure(address, error)
        if !self.waiting.isEmpty { return self.startNext() }
        guard self.running == 0 else { return }
        self.isOver = true
        self.promise.fail(error)
    }

    /// The families in turn, beginning with the first address's (RFC 8305 §4).
    static func interleaved(_ addresses: [SocketAddress]) -> [SocketAddress] {
        guard let first = addresses.first else { return [] }
        let preferred = addresses.filter { $0.protocol == first.protocol }
        let others = addresses.filter { $0.protocol != first.protocol }
        var result: [SocketAddress] = []
        for index in 0..<max(preferred.count, others.count) {
            if index < preferred.count { result.append(preferred[index]) }
            if index < others.count { result.append(others[index]) }
        }
        return result
    }
}
