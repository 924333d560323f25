/// Who listens where: what a client of the relay can be joined to, or may have to make way for. Called on any thread.
protocol ListenerDirectory: Sendable {
    /// Those that listen on one of the addresses with this port.
    func holders(of addresses: [String], port: UInt16) -> [any ListenerHolder]

    /// Who listens where a connection of this machine to one of its loopback addresses arrives, and the address that is bound
    /// there; nil for any other host.
    func holder(atLoopback host: String, port: UInt16) -> (holder: any ListenerHolder, bound: String)?

    /// - Parameters:
    ///   - addresses: what the request stood for.
    ///   - boundAddresses: those of them that could be bound.
    func insert(_ holder: any ListenerHolder, addresses: [String], boundAddresses: [String], port: UInt16)

    func remove(connection: UInt64, addresses: [String], port: UInt16)
}
