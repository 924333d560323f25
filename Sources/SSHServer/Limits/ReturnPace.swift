import SSHWire

/// How fast clients come back after the relay has stopped.
enum ReturnPace {
    /// A small machine logs in so many a second and serves others meanwhile.
    private static let clientsPerSecond = 250
    /// However many they are: a device that is away so long is missed.
    private static let most = 30

    /// A second is what clients wait anyway.
    static func hint(clients: Int) -> ReconnectHint {
        let seconds = max(0, clients - 1) / self.clientsPerSecond + 1
        return ReconnectHint(seconds: UInt32(clamping: min(seconds, self.most)))
    }
}
