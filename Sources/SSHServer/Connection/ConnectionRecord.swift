import SSHForwarding

/// When a connection began, and what its tunnels have moved that have ended: those that run count by themselves.
struct ConnectionRecord {
    let began = LogTime.now()
    private(set) var sent: UInt64 = 0
    private(set) var received: UInt64 = 0

    /// As the client sees it: what it sent and what it got.
    mutating func add(_ tunnel: Tunnel) {
        self.sent += tunnel.bytesReceived
        self.received += tunnel.bytesSent
    }
}
