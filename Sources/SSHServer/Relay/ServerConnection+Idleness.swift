import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// ChannelTimeout and UnusedConnectionTimeout. A timer is set for the time at which it may be needed, and looks then
/// whether anything has moved meanwhile: traffic itself costs nothing.
extension ServerConnection {
    /// Counts the tunnel among the connection's.
    ///
    /// - Parameter type: its channel type, by which ChannelTimeout knows it.
    func began(_ tunnel: Tunnel, type: String) {
        self.tunnels[ObjectIdentifier(tunnel)] = tunnel
        self.unusedTimer?.cancel()
        guard let timeouts = self.login?.grant.settings.channelTimeouts else { return }
        if let seconds = timeouts.seconds(for: type) { self.watch(tunnel, type, for: .seconds(Int64(seconds))) }
        if self.globalTimer == nil, let seconds = timeouts.seconds(for: "global") {
            self.watchAllTunnels(after: .seconds(Int64(seconds)))
        }
    }

    func ended(_ tunnel: Tunnel) {
        self.tunnels[ObjectIdentifier(tunnel)] = nil
        if self.tunnels.isEmpty { self.watchForUse() }
    }

    /// Begins to wait for a first or another channel.
    func watchForUse() {
        self.unusedTimer?.cancel()
        guard let time = self.login?.grant.settings.unusedConnectionTimeout, let eventLoop = self.handler?.eventLoop
        else {
            return
        }
        self.unusedTimer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { [weak self] in
            self?.endUnused()
        }
    }

    private func endUnused() {
        guard let handler = self.handler, self.tunnels.isEmpty, self.sessionCount == 0 else { return }
        self.logger.info("terminating inactive connection of \(self.peer)")
        self.endReason = "UnusedConnectionTimeout"
        handler.disconnect(.byApplication, "no channel was open for too long")
    }

    private func watch(_ tunnel: Tunnel, _ type: String, for time: TimeAmount) {
        guard let eventLoop = self.handler?.eventLoop else { return }
        let deadline = tunnel.lastActivity + time
        eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self, weak tunnel] in
            guard let self, let tunnel, self.tunnels[ObjectIdentifier(tunnel)] != nil else { return }
            guard tunnel.lastActivity + time <= .now() else { return self.watch(tunnel, type, for: time) }
            self.logger.debug("\(self.peer): channel \(type) timed out")
            tunnel.close(.timedOut)
        }
    }

    private func watchAllTunnels(after time: TimeAmount) {
        guard let eventLoop = self.handler?.eventLoop, let latest = self.tunnels.values.map(\.lastActivity).max() else {
            self.globalTimer = nil
            return
        }
        self.globalTimer = eventLoop.assumeIsolated().scheduleTask(deadline: latest + time) { [weak self] in
            guard let self, let latest = self.tunnels.values.map(\.lastActivity).max(), latest + time <= .now() else {
                self?.watchAllTunnels(after: time)
                return
            }
            self.globalTimer = nil
            self.logger.debug("\(self.peer): all channels timed out")
            for tunnel in self.tunnels.values { tunnel.close(.timedOut) }
        }
    }
}
