/// Who listens where: what a client of the relay can be joined to, or may have to make way for. Called on any thread.
protocol ListenerDirectory: Sendable {
    /// Those that are in the way of who wants the place.
    func holders(of place: HeldPlace) -> [any ListenerHolder]

    /// Who listens where a connection of this machine to one of its loopback addresses arrives, and the address that is bound
    /// there; nil for any other host.
    func holder(atLoopback host: String, port: UInt16) -> (holder: any ListenerHolder, bound: String)?

    /// - Parameters:
    ///   - place: what the request stood for.
    ///   - boundAddresses: those of its addresses that could be bound; none for a name.
    func insert(_ holder: any ListenerHolder, at place: HeldPlace, boundAddresses: [String])

    func remove(connection: UInt64, from place: HeldPlace)
}
