import NIOCore
import SSHCrypto
import SSHForwarding

/// A client that holds listeners, as other clients of the relay see it. Called on any thread.
protocol ListenerHolder: Sendable {
    /// The number of its connection.
    var connection: UInt64 { get }
    var account: String { get }
    /// The key that logged in, as it goes over the wire.
    var key: [UInt8] { get }
    var peer: PeerName { get }

    /// Asks the client for a sign of life, unless a question is open.
    func askForLife()

    /// Says whether the client is there, and still holds the place or a part of it.
    func showLife(_ promise: EventLoopPromise<LifeSign>, at place: HeldPlace)

    /// Has it let go of what conflicts with the place, and of its connection.
    ///
    /// - Parameters:
    ///   - successor: who wants it.
    ///   - sign: what the client has shown; nil if it has not been asked.
    /// - Returns: when the listeners are closed.
    func yield(_ place: HeldPlace, to successor: PeerName, _ sign: LifeSign?) -> EventLoopFuture<Void>

    /// Joins a caller to it. The client is told who calls, which TCP from the relay to itself would hide.
    ///
    /// - Parameters:
    ///   - eventLoop: the caller's.
    ///   - address: the bound address that is called.
    /// - Returns: the caller's end, unread.
    func join(_ caller: PeerName, on eventLoop: any EventLoop, address: String, port: UInt16) -> any Channel

    /// Joins a caller to the device that has a name.
    ///
    /// - Parameter eventLoop: the caller's.
    /// - Returns: the caller's end, unread, when the device has taken the call; fails with `NameCall.Failure`.
    func call(
        _ name: RegisteredName,
        from caller: PeerName,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<any Channel>
}

/// A holder that is another connection of this process.
final class LocalListenerHolder: ListenerHolder {
    let connection: UInt64
    let account: String
    let key: [UInt8]
    let peer: PeerName
    private let listeners: NIOLoopBound<Listeners>

    init(_ listeners: Listeners, of client: any RoutedClient, on eventLoop: any EventLoop) {
        self.connection = client.id
        self.account = client.login.user
        self.key = client.login.claim.key.blob
        self.peer = client.peer
        self.listeners = NIOLoopBound(listeners, eventLoop: eventLoop)
    }

    func askForLife() {
        self.listeners.eventLoop.execute { self.listeners.value.lifeSigns.ask() }
    }

    func showLife(_ promise: EventLoopPromise<LifeSign>, at place: HeldPlace) {
        self.listeners.eventLoop.execute {
            let listeners = self.listeners.value
            listeners.lifeSigns.show(promise) { listeners.holds(place) }
        }
    }

    func yield(_ place: HeldPlace, to successor: PeerName, _ sign: LifeSign?) -> EventLoopFuture<Void> {
        self.listeners.eventLoop.submit { self.listeners.value.yield(place, to: successor, sign) }
    }

    func join(_ caller: PeerName, on eventLoop: any EventLoop, address: String, port: UInt16) -> any Channel {
        MemorySocketPair.connect(on: eventLoop, and: self.listeners.eventLoop) { socket in
            self.listeners.value.joined(socket, from: caller, address: address, port: port)
        }
    }

    func call(
        _ name: RegisteredName,
        from caller: PeerName,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        let taken = eventLoop.makePromise(of: Void.self)
        let socket = MemorySocketPair.connect(on: eventLoop, and: self.listeners.eventLoop) { socket in
            self.listeners.value.called(socket, from: caller, name: name, taken)
        }
        return taken.futureResult.map { socket }
            .flatMapErrorThrowing { error in
                socket.close(promise: nil)
                throw error
            }
    }
}
