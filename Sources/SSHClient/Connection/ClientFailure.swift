import SSHWire

/// Why a connection ended or never came to be, in the lines that ssh would write, and what we have to add.
struct ClientFailure: Error {
    let error: SSHError
    let lines: [String]
    var explanation: [String] = []
}

extension ConnectionEnd {
    /// - Parameters:
    ///   - address: where the socket led; nil behind a proxy.
    ///   - hasIdentifiedItself: whether the server has.
    func failure(
        _ error: SSHError,
        address: String?,
        hasIdentifiedItself: Bool,
        explanation: [String]
    ) -> ClientFailure {
        let described = self.describe(error)
        // ssh says so of a proxy.
        let place = address.map { "\($0) port \(self.port)" } ?? "UNKNOWN port 65535"
        let lines =
            switch error.code {
            case .timedOut where !hasIdentifiedItself:
                ["Connection timed out during banner exchange", "Connection to \(place) timed out"]
            case .connectionLost where !hasIdentifiedItself:
                ["kex_exchange_identification: Connection closed by remote host", "Connection closed by \(place)"]
            case .connectionReset where !hasIdentifiedItself:
                ["kex_exchange_identification: read: \(error.reason)", "Connection reset by \(place)"]
            case .disconnectedByPeer:
                ["Received disconnect from \(place):\(error.reason)", "Disconnected from \(place)"]
            default:
                [described.reason]
            }
        return ClientFailure(error: described, lines: lines, explanation: explanation)
    }
}
