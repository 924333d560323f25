import Glibc
import NIOCore
import NIOPosix
import SSHSystem
import Synchronization

/// Looks up the name that a tunnel leads to.
///
/// NIO's own way asks for one name after the other on each event loop, and asks for those too that nobody waits for any more: a
/// few names whose servers do not answer would stop everybody else's tunnels to names.
final class NameLookup: Resolver, Sendable {
    private let addresses: EventLoopPromise<[SocketAddress]>
    private let asker: LookupAsker?
    private let isCancelled = Atomic(false)
    private let isWanted: @Sendable () -> Bool

    /// - Parameters:
    ///   - asker: on whose behalf; nil if everything is on behalf of the same.
    ///   - isWanted: asked when it is the look-up's turn.
    init(
        on eventLoop: any EventLoop,
        for asker: LookupAsker?,
        isWanted: @escaping @Sendable () -> Bool = { true }
    ) {
        self.addresses = eventLoop.makePromise()
        self.asker = asker
        self.isWanted = isWanted
    }

    /// To be asked once, by this way or by NIO's.
    func addresses(of host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        do {
            try LookupThreads.shared.submit(for: self.asker) {
                self.addresses.completeWith(Result { try self.look(up: host, port) })
            }
        } catch {
            self.addresses.fail(error)
        }
        return self.addresses.futureResult
    }

    /// One question for both families.
    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        _ = self.addresses(of: host, port: port)
        return self.answer(.inet6)
    }

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        self.answer(.inet)
    }

    func cancelQueries() {
        self.isCancelled.store(true, ordering: .relaxed)
    }

    private func look(up host: String, _ port: Int) throws -> [SocketAddress] {
        guard !self.isCancelled.load(ordering: .relaxed), self.isWanted() else { throw CancellationError() }
        return try HostResolution.find(host, port: UInt16(clamping: port), family: AF_UNSPEC)
    }

    private func answer(_ family: NIOBSDSocket.ProtocolFamily) -> EventLoopFuture<[SocketAddress]> {
        self.addresses.futureResult.map { $0.filter { $0.protocol == family } }
    }
}
