/// Where the clients of one relay listen: what their requests are led to, and what they take over from each other.
struct Routes: Sendable {
    let listeners: any ListenerDirectory = ListenerRegistry()
    let claims = ListenerClaims()
    let unixSockets = UnixSocketRegistry()
    let doors = OwnDoors()
    let connectPorts = ConnectPorts()
    let history = DeviceHistory()
    let deviceKeys = DeviceKeys()
}

extension Routes {
    /// Whether there is somebody by that name now.
    func isReachable(_ name: RegisteredName, _ policy: ForwardingPolicy) -> Bool {
        !self.listeners.holders(of: .name(name)).isEmpty
    }
}
