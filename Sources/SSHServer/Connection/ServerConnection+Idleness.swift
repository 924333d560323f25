import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// ChannelTimeout and UnusedConnectionTimeout. A timer is set for the time at which it may be needed, and looks then
/// whether anything has moved meanwhile: traffic itself costs nothing.
extension ServerConnection {
    /// A tunnel or a session, while it lasts.
    struct RunningChannel {
        let channel: any IdleChannel
        /// Its channel type, by which ChannelTimeout knows it.
        let type: String
        var timer: Scheduled<Void>?
    }

    /// Counts the channel among the connection's.
    func began(_ channel: any IdleChannel, type: String) {
        let id = ObjectIdentifier(channel)
        self.channels[id] = RunningChannel(channel: channel, type: type)
        self.unusedTimer?.cancel()
        guard let timeouts = self.login?.grant.settings.channelTimeouts, !timeouts.entries.isEmpty else { return }
        self.watch(id, by: timeouts)
        if self.globalTimer == nil { self.watchAllChannels(by: timeouts) }
    }

    func ended(_ channel: any IdleChannel) {
        self.channels.removeValue(forKey: ObjectIdentifier(channel))?.timer?.cancel()
        if self.channels.isEmpty { self.watchForUse() }
    }

    /// Goes by the login's timeouts as they are now, if they are others than they were.
    func applyTimeouts(replacing old: AccountSettings) {
        guard let settings = self.login?.grant.settings else { return }
        if settings.channelTimeouts != old.channelTimeouts {
            for id in Array(self.channels.keys) { self.watch(id, by: settings.channelTimeouts) }
            self.globalTimer?.cancel()
            self.watchAllChannels(by: settings.channelTimeouts)
        }
        if settings.unusedConnectionTimeout != old.unusedConnectionTimeout, self.channels.isEmpty { self.watchForUse() }
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
        guard let handler = self.handler, self.channels.isEmpty else { return }
        self.sourceLog.info("terminating inactive connection of \(self.peer)")
        self.endReason = "UnusedConnectionTimeout"
        handler.disconnect(.byApplication, "no channel was open for too long")
    }

    private func watch(_ id: ObjectIdentifier, by timeouts: ChannelTimeouts) {
        guard let running = self.channels[id] else { return }
        running.timer?.cancel()
        self.channels[id]?.timer = nil
        guard let eventLoop = self.handler?.eventLoop, let seconds = timeouts.seconds(for: running.type) else { return }
        let deadline = running.channel.lastActivity + .seconds(Int64(seconds))
        self.channels[id]?.timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let self, let running = self.channels[id] else { return }
            guard running.channel.lastActivity + .seconds(Int64(seconds)) <= .now() else {
                return self.watch(id, by: timeouts)
            }
            self.logger.debug("\(self.peer): channel \(running.type) timed out")
            running.channel.endIdle()
        }
    }

    private func watchAllChannels(by timeouts: ChannelTimeouts) {
        self.globalTimer = nil
        guard let eventLoop = self.handler?.eventLoop, let seconds = timeouts.seconds(for: "global"),
            let latest = self.latestActivity
        else { return }
        let time = TimeAmount.seconds(Int64(seconds))
        self.globalTimer = eventLoop.assumeIsolated().scheduleTask(deadline: latest + time) { [weak self] in
            guard let self else { return }
            guard let latest = self.latestActivity, latest + time <= .now() else {
                return self.watchAllChannels(by: timeouts)
            }
            self.globalTimer = nil
            self.logger.debug("\(self.peer): all channels timed out")
            for running in self.channels.values { running.channel.endIdle() }
        }
    }

    private var latestActivity: NIODeadline? { self.channels.values.map(\.channel.lastActivity).max() }
}

/// A channel that can be closed for its silence.
protocol IdleChannel: AnyObject {
    /// When bytes last moved, either way.
    var lastActivity: NIODeadline { get }

    func endIdle()
}

extension Tunnel: IdleChannel {
    func endIdle() { self.close(.timedOut) }
}
