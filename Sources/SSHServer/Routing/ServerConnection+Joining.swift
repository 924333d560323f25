import NIOCore
import SSHForwarding
import SSHWire

/// From one client of the relay to another: direct-tcpip to a listener that a device has here.
extension ServerConnection {
    /// A way to who listens there on this very relay, without TCP to ourselves; nil if nobody does.
    ///
    /// The device is told who calls, which TCP from the relay to itself would hide.
    func join(_ host: String, _ port: UInt32, on eventLoop: any EventLoop) -> (any Channel)? {
        guard let port = UInt16(exactly: port),
            let (holder, bound) = self.context.listeners.holder(atLoopback: host, port: port)
        else { return nil }
        let (device, peer) = (holder.reference, self.peer)
        return MemorySocketPair.connect(on: eventLoop, and: device.eventLoop) { socket in
            device.value.joined(socket, from: peer, address: bound, port: port)
        }
    }

    private func joined(_ socket: any Channel, from peer: PeerName, address: String, port: UInt16) {
        let isCalled = { (listener: RemoteForwards.Listener) in
            listener.port == port && listener.boundAddresses.contains(address)
        }
        // Meanwhile the listener may have gone: the caller sees a connection that is closed at once, as by TCP.
        guard let connection = self.handler, let listener = self.forwards.listeners.first(where: isCalled)
        else { return socket.close(promise: nil) }
        let source = try? SocketAddress(ipAddress: peer.address, port: peer.port)
        let destination = try? SocketAddress(ipAddress: address, port: Int(port))
        let header = ProxyHeader(from: source, to: destination)
        let caller = Caller(originator: peer, header: header, isInMemory: true)
        self.accepted(socket, from: caller, port: Int(port), for: listener.requested, connection)
    }
}
