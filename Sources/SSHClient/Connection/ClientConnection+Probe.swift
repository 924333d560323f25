import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

extension ClientConnection {
    /// Ends the connection unless the server shows a sign of life in time, and at once if it comes from an address that is gone.
    func probe(within time: TimeAmount) {
        guard let handler = self.handler else { return }
        if self.destination.route.isOfNetwork, let address = handler.localAddress?.ipAddress, Self.isGone(address) {
            return handler.fail(SSHError(.system, "this machine no longer has the address \(address)"))
        }
        let asked = NIODeadline.now()
        handler.perform { try $0.askForLife() }
        self.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak handler] in
            guard let handler, handler.lastHeard < asked else { return }
            handler.fail(SSHError(.timedOut, "the server gave no sign of life"))
        }
    }

    /// Not if the system does not tell which addresses there are. A socket's address names no interface.
    private static func isGone(_ address: String) -> Bool {
        let current = InterfaceAddresses.current().map { $0.prefix { $0 != "%" } }
        return !current.isEmpty && !current.contains { $0 == address.prefix { $0 != "%" } }
    }
}
