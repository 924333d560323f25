import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// A connection's channels, and ChannelTimeout and UnusedConnectionTimeout. A timer is set for the time at which it may be needed,
/// and looks then whether anything has moved meanwhile: traffic itself costs nothing.
final class ChannelWatch {
    /// A tunnel or a session, while it lasts.
    private struct RunningChannel {
        let channel: any IdleChannel
        /// Its channel type, by which ChannelTimeout knows it.
        let type: String
        var timer: Scheduled<Void>?
    }

    private let client: Client
    private var timeouts: ChannelTimeouts
    private var unusedTimeout: Duration?
    private var channels: [ObjectIdentifier: RunningChannel] = [:]
    /// ChannelTimeout global=, and UnusedConnectionTimeout.
    private var globalTimer: Scheduled<Void>?
    private var unusedTimer: Scheduled<Void>?

    init(_ client: Client, _ settings: AccountSettings) {
        self.client = client
        self.timeouts = settings.channelTimeouts
        self.unusedTimeout = settings.unusedConnectionTimeout
    }

    var tunnels: [Tunnel] { self.channels.values.compactMap { $0.channel as? Tunnel } }

    /// Counts the channel among the connection's.
    func began(_ channel: any IdleChannel, type: String) {
        let id = ObjectIdentifier(channel)
        self.channels[id] = RunningChannel(channel: channel, type: type)
        self.unusedTimer?.cancel()
        guard !self.timeouts.entries.isEmpty else { return }
        self.watch(id)
        if self.globalTimer == nil { self.watchAll() }
    }

    func ended(_ channel: any IdleChannel) {
        self.channels.removeValue(forKey: ObjectIdentifier(channel))?.timer?.cancel()
        if self.channels.isEmpty { self.waitForUse() }
    }

    /// Goes by new timeouts, if they are others than they were.
    func apply(_ settings: AccountSettings, replacing old: AccountSettings) {
        self.timeouts = settings.channelTimeouts
        self.unusedTimeout = settings.unusedConnectionTimeout
        if self.timeouts != old.channelTimeouts {
            for id in Array(self.channels.keys) { self.watch(id) }
            self.globalTimer?.cancel()
            self.watchAll()
        }
        if self.unusedTimeout != old.unusedConnectionTimeout, self.channels.isEmpty { self.waitForUse() }
    }

    /// Begins to wait for a first or another channel.
    func waitForUse() {
        self.unusedTimer?.cancel()
        guard let time = self.unusedTimeout, let eventLoop = self.client.eventLoop else { return }
        self.unusedTimer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { [weak self] in
            self?.endUnused()
        }
    }

    /// The connection has ended.
    func end() {
        self.unusedTimer?.cancel()
        self.globalTimer?.cancel()
    }

    private func endUnused() {
        guard let handler = self.client.handler, self.channels.isEmpty else { return }
        self.client.sourceLog.info("terminating inactive connection of \(self.client.peer)")
        self.client.endReason = "UnusedConnectionTimeout"
        handler.disconnect(.byApplication, "no channel was open for too long")
    }

    private func watch(_ id: ObjectIdentifier) {
        guard let running = self.channels[id] else { return }
        running.timer?.cancel()
        self.channels[id]?.timer = nil
        guard let eventLoop = self.client.eventLoop, let seconds = self.timeouts.seconds(for: running.type) else {
            return
        }
        let deadline = running.channel.lastActivity + .seconds(Int64(seconds))
        self.channels[id]?.timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let self, let running = self.channels[id] else { return }
            guard running.channel.lastActivity + .seconds(Int64(seconds)) <= .now() else { return self.watch(id) }
            self.client.logger.debug("\(self.client.peer): channel \(running.type) timed out")
            running.channel.endIdle()
        }
    }

    private func watchAll() {
        self.globalTimer = nil
        guard let eventLoop = self.client.eventLoop, let seconds = self.timeouts.seconds(for: "global"),
            let latest = self.latestActivity
        else { return }
        let time = TimeAmount.seconds(Int64(seconds))
        self.globalTimer = eventLoop.assumeIsolated().scheduleTask(deadline: latest + time) { [weak self] in
            guard let self else { return }
            guard let latest = self.latestActivity, latest + time <= .now() else { return self.watchAll() }
            self.globalTimer = nil
            self.client.logger.debug("\(self.client.peer): all channels timed out")
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
