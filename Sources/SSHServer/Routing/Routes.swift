/// Where the clients of one relay listen: what their requests are led to, and what they take over from each other.
struct Routes: Sendable {
    let listeners: any ListenerDirectory = ListenerRegistry()
    let claims = ListenerClaims()
    let unixSockets = UnixSocketRegistry()
    let doors = OwnDoors()
}
