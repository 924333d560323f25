/// The relay as commands see it: what can be asked of it without holding anybody up.
protocol OperatedRelay: Sendable {
    associatedtype Connections: OperatedConnections

    var connections: Connections { get }

    /// What the connections do not tell: of the numbers only the bytes of tunnels that have ended.
    var status: RelayStatus { get }

    func reload() async -> ReloadOutcome

    /// - Throws: `SSHError`.
    func explain(_ request: ExplainRequest) async throws -> Explanation
}

/// All connections, each to be asked where it lives.
protocol OperatedConnections: Sendable {
    /// Of all that are there now, rising.
    var numbers: [UInt64] { get }

    /// Asks those that are still there, each on its event loop.
    ///
    /// - Returns: the answers that are not nil, in the order of the numbers.
    func ask<Answer: Sendable>(
        _ numbers: ArraySlice<UInt64>,
        _ question: @escaping @Sendable (any OperatedConnection) -> Answer?
    ) async -> [Answer]
}

/// One connection. Everything happens on its event loop.
protocol OperatedConnection {
    /// By which the log knows it.
    var number: UInt64 { get }
    /// nil before the login.
    var summary: ConnectionSummary? { get }
    /// Who logged in, and with which key; nil before the login.
    var owner: (account: String, fingerprint: String)? { get }
    /// nil when it has ended.
    var load: ConnectionLoad? { get }

    func listens(on port: UInt16) -> Bool

    /// Whether it is a device of that name, whatever the port.
    func holds(_ name: String) -> Bool

    /// Ends it with a word to the client and a line in the log.
    ///
    /// - Parameter who: as the log has it.
    /// - Returns: false if it had ended already.
    func kick(_ target: KickTarget, by who: String) -> Bool
}

/// What one connection adds to the relay's numbers.
struct ConnectionLoad: Hashable, Sendable {
    var isLoggedIn = false
    var listeners = 0
    var tunnels = 0
    /// Of tunnels that are open, from the client and to it.
    var sent: UInt64 = 0
    var received: UInt64 = 0
}
