import SSHClient
import SSHProtocol
import SSHWire

/// Why a connection ended or never came to be, in the lines that ssh would write, and what we have to add.
struct ClientFailure: Error {
    let lines: [String]
    let explanation: [String]

    init(lines: [String]) {
        (self.lines, self.explanation) = (lines, [])
    }

    /// - Parameter identities: what there was to log in with.
    init(_ failure: ConnectionFailure, _ identities: IdentityReport) {
        let end = ConnectionEnd(
            host: failure.host,
            port: failure.port,
            user: failure.user,
            isLoggedIn: failure.stage == .loggedIn
        )
        self.lines = end.lines(
            failure.error,
            address: failure.address,
            hasIdentifiedItself: failure.stage != .identifying
        )
        guard let login = failure.login else {
            self.explanation = []
            return
        }
        let isRefusal = failure.code == .authenticationFailed
        // One failed try too many.
        let isGoodbye = failure.code == .disconnectedByPeer && !login.offered.isEmpty
        self.explanation = isRefusal || isGoodbye ? identities.explanation(login) : []
    }
}

extension ConnectionEnd {
    /// - Parameters:
    ///   - address: where the socket led; nil behind a proxy.
    ///   - hasIdentifiedItself: whether the server has.
    func lines(_ error: SSHError, address: String?, hasIdentifiedItself: Bool) -> [String] {
        // ssh says so of a proxy.
        let place = address.map { "\($0) port \(self.port)" } ?? "UNKNOWN port 65535"
        switch error.code {
        case .timedOut where !hasIdentifiedItself:
            return ["Connection timed out during banner exchange", "Connection to \(place) timed out"]
        case .connectionLost where !hasIdentifiedItself, .connectionClosed where !hasIdentifiedItself:
            return ["kex_exchange_identification: Connection closed by remote host", "Connection closed by \(place)"]
        case .connectionReset where !hasIdentifiedItself:
            return ["kex_exchange_identification: read: \(error.reason)", "Connection reset by \(place)"]
        case .disconnectedByPeer:
            return ["Received disconnect from \(place):\(error.reason)", "Disconnected from \(place)"]
        default:
            return [self.sentence(error)]
        }
    }
}
