import SSHClient
import SSHWire

/// The line that says why a connection ended, or never came to be.
struct ConnectionEnd {
    let host: String
    let port: UInt16
    let user: String
    let isLoggedIn: Bool

    func sentence(_ error: SSHError) -> String {
        let place = self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
        switch error.code {
        case .authenticationFailed:
            return "\(self.user)@\(self.host): \(error.reason)"
        case .hostKeyRejected:
            return "\(place): Host key verification failed: \(error.reason)"
        case .connectionLost where self.isLoggedIn, .connectionClosed where self.isLoggedIn,
            .connectionReset where self.isLoggedIn:
            return "Connection to \(self.host) closed by remote host."
        case .disconnectedByPeer:
            return "Received disconnect from \(self.host) port \(self.port):\(error.reason)"
        case .connectionLost, .connectionClosed, .connectionReset:
            return "Connection to \(place) ended before login: \(error.reason)"
        case .timedOut where self.isLoggedIn:
            return "Timeout, server \(self.host) not responding."
        case .noCommonAlgorithm:
            let advice = error.advice.map { " (\($0))" } ?? ""
            return "Unable to negotiate with \(self.host) port \(self.port): \(error.reason)\(advice)"
        default:
            return "\(place): \(error.reason)"
        }
    }
}
