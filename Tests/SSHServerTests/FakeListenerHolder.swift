import NIOCore
import NIOEmbedded
import Synchronization

@testable import SSHServer

/// Somebody who holds listeners, and does as the test says.
final class FakeListenerHolder: ListenerHolder {
    let connection: UInt64
    let account: String
    let key: [UInt8]
    let peer = PeerName(nil)
    private let asked = Mutex(0)

    init(_ connection: UInt64, account: String = "alice", key: [UInt8] = [1]) {
        self.connection = connection
        self.account = account
        self.key = key
    }

    /// How often it was asked for a sign of life that nobody waits for.
    var askedCount: Int { self.asked.withLock { $0 } }

    func askForLife() {
        self.asked.withLock { $0 += 1 }
    }

    func showLife(_ promise: EventLoopPromise<LifeSign>, at place: HeldPlace) {
        promise.succeed(.gone)
    }

    func yield(_ place: HeldPlace, to successor: PeerName, _ sign: LifeSign?) -> EventLoopFuture<Void> {
        EmbeddedEventLoop().makeSucceededVoidFuture()
    }

    func join(_ caller: PeerName, on eventLoop: any EventLoop, address: String, port: UInt16) -> any Channel {
        EmbeddedChannel()
    }

    func call(
        _ name: RegisteredName,
        from caller: PeerName,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        eventLoop.makeSucceededFuture(EmbeddedChannel())
    }
}
