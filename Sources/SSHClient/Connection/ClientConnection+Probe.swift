import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

extension ClientConnection {
    /// Ends the connection unless the server shows a sign of life in time, and at once if it comes from an address that is gone.
    func probe(within time: TimeAmount) {
        guard let handler = self.handler else { return }
        if self.destination.route.isDirect, let address = handler.localAddress?.ipAddress,
            !InterfaceAddresses.current().contains(address)
        {
            return handler.fail(SSHError(.system, "this machine no longer has the address \(address)"))
        }
        let keepalive = GlobalRequest.Request.other(name: GlobalRequest.keepalive, data: ByteBuffer())
        let asked = NIODeadline.now()
        handler.perform { try $0.sendGlobalRequest(keepalive, wantReply: true) }
        self.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak handler] in
            guard let handler, handler.lastHeard < asked else { return }
            handler.fail(SSHError(.timedOut, "the server gave no sign of life"))
        }
    }
}
