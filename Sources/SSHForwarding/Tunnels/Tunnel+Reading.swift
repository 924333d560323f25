import NIOCore
import SSHProtocol

/// How much is read of the socket at a time.
extension Tunnel {
    func resizeReads(to size: TunnelReads.Size, _ channel: any Channel) {
        if size == .quiet {
            SocketOptions.setReads(SocketOptions.reads(size), on: channel)
            self.idleCheck?.cancel()
            self.idleCheck = nil
        } else {
            SocketOptions.setReads(SocketOptions.busyReads(size), on: channel)
            self.checkForIdleness(channel.eventLoop)
        }
    }

    private func checkForIdleness(_ eventLoop: any EventLoop) {
        guard self.idleCheck == nil else { return }
        let deadline = self.lastActivity + TunnelReads.idleTime
        self.idleCheck = eventLoop.assumeIsolated().scheduleTask(deadline: max(deadline, .now() + .seconds(1))) {
            [weak self] in
            guard let self, let channel = self.context?.channel else { return }
            self.idleCheck = nil
            let isIdle = self.lastActivity + TunnelReads.idleTime <= .now() && self.state.input != .paused
            guard isIdle else { return self.checkForIdleness(channel.eventLoop) }
            if let size = self.reads.idle(share: self.connection.memory) { self.resizeReads(to: size, channel) }
        }
    }
}
