import SSHSystem
import SSHWire

/// How far a connection had come when it ended. sshd names its peer accordingly.
enum ConnectionPhase: Hashable, Sendable {
    /// The peer has not said that it speaks SSH.
    case identification
    case keyExchange
    /// Names are as the log shows them.
    case authentication(user: String, isInvalid: Bool)
    case loggedIn(user: String)
}

/// The lines that say why a connection ended, in sshd's words: tools look for them.
struct ConnectionEndLines {
    let phase: ConnectionPhase
    let peer: PeerName

    func lines(_ error: SSHError) -> [LogLine] {
        let reason = error.reason.escapedForLog
        let tail = self.suffix
        switch error.code {
        case .connectionLost: return [.info("Connection closed by \(self.who): \(reason)\(tail)")]
        case .connectionClosed:
            let line = LogLine.info("Connection closed by \(self.who)\(tail)")
            guard case .identification = self.phase else { return [line] }
            return [.error("kex_exchange_identification: Connection closed by remote host"), line]
        case .connectionReset:
            let line = LogLine.info("Connection reset by \(self.who)\(tail)")
            guard case .identification = self.phase else { return [line] }
            return [.error("kex_exchange_identification: read: Connection reset by peer"), line]
        case .disconnectedByPeer:
            // RFC 4253 §11.1: SSH_DISCONNECT_BY_APPLICATION is an ordinary goodbye.
            let line = "Received disconnect from \(self.peer):\(reason)\(tail)"
            let isOrdinary = error.disconnect?.reason == .byApplication
            return [isOrdinary ? .info(line) : .error(line), .info("Disconnected from \(self.who)\(tail)")]
        case .noCommonAlgorithm:
            let advice = error.advice.map { LogLine.info("\(self.peer): \($0.escapedForLog)\(tail)") }
            return [.info("Unable to negotiate with \(self.peer): \(reason)\(tail)")] + (advice.map { [$0] } ?? [])
        case .invalidIdentification:
            return [
                .error("kex_exchange_identification: \(reason)"),
                .info("banner exchange: Connection from \(self.peer): invalid format"),
            ]
        case .protocolVersionMismatch:
            return [
                .error(reason), .info("banner exchange: Connection from \(self.peer): could not read protocol version"),
            ]
        case .authenticationFailed:
            return [
                .error("maximum authentication attempts exceeded for \(self.triedUser) from \(self.peer) ssh2\(tail)"),
                .info("Disconnecting \(self.who): Too many authentication failures\(tail)"),
            ]
        // Nobody but us can mend it.
        case .signatureUnavailable: return [.error("Disconnecting \(self.who): \(reason)\(tail)")]
        case .timedOut:
            guard case .loggedIn = self.phase else { break }
            return [.info("Timeout, client not responding from \(self.who)")]
        default: break
        }
        return [.info("Disconnecting \(self.who): \(reason)\(tail)")]
    }

    /// `authenticating user U 192.0.2.7 port 51234`.
    private var who: String {
        switch self.phase {
        case .identification, .keyExchange: "\(self.peer)"
        case .authentication(let user, let isInvalid):
            "\(isInvalid ? "invalid" : "authenticating") user \(user) \(self.peer)"
        case .loggedIn(let user): "user \(user) \(self.peer)"
        }
    }

    private var triedUser: String {
        switch self.phase {
        case .identification, .keyExchange: ""
        case .authentication(let user, let isInvalid): "\(isInvalid ? "invalid user " : "")\(user)"
        case .loggedIn(let user): user
        }
    }

    /// What sshd says in the process that has not logged anybody in.
    private var suffix: String {
        switch self.phase {
        case .identification, .loggedIn: ""
        case .keyExchange, .authentication: " [preauth]"
        }
    }
}
