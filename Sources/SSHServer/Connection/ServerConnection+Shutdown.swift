import SSHForwarding
import SSHProtocol
import SSHWire

/// The relay's end, as one connection sees it.
extension ServerConnection {
    /// Closes the listeners, and the connection if it carries nothing.
    ///
    /// - Returns: how many channels are open.
    func beginStopping() -> Int {
        self.forwards.closeAll()
        return self.endIfUnused()
    }

    /// - Returns: how many channels are open.
    func endIfUnused() -> Int {
        guard let handler = self.handler, !handler.hasEnded else { return 0 }
        let count = handler.channelCount
        if count == 0 { self.endForShutdown() }
        return count
    }

    func endForShutdown() {
        self.endReason = "the relay is shutting down"
        self.handler?.disconnect(.byApplication, "the relay is shutting down")
    }
}
