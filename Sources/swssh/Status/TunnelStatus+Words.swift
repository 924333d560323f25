import NIOCore
import SSHClient

extension TunnelStatus {
    /// One line, for `systemctl status`.
    var line: String { self.relays.map(\.line).joined(separator: "; ") }

    /// For people.
    func text(now: NIODeadline) -> [String] { self.relays.flatMap { [$0.headline(now: now)] + $0.details(now: now) } }
}

extension RelayStatus {
    fileprivate var line: String {
        switch self.state {
        case .connecting: "Connecting to \(self.name)."
        case .waiting(let cause): "Not connected to \(self.name): \(cause); trying again."
        case .connected:
            if let missing = self.forwards.first(where: { !$0.isGiven }) {
                "Connected to \(self.name); waiting for \(missing.words)."
            } else {
                "Connected to \(self.name); \(self.forwards.map(\.standing).joined(separator: ", "))."
            }
        }
    }

    fileprivate func headline(now: NIODeadline) -> String {
        let time = Self.words(now - self.since)
        switch self.state {
        case .connecting: return "\(self.name): connecting for \(time)"
        case .connected: return "\(self.name): connected\(self.address.map { " (\($0))" } ?? "") for \(time)"
        case .waiting(let cause): return "\(self.name): not connected for \(time): \(cause)"
        }
    }

    fileprivate func details(now: NIODeadline) -> [String] {
        var lines = self.forwards.map { forward in
            switch forward.state {
            case .awaited: "  \(forward.words): waiting"
            case .given where self.isConnected: "  \(forward.standing): stands"
            case .given: "  \(forward.standing): listens, and waits for the connection"
            case .refused(let cause): "  \(forward.words): refused, asking again: \(cause)"
            }
        }
        lines.append("  \(self.traffic.sent) bytes sent, \(self.traffic.received) received")
        for outage in self.outages {
            let began = "\(Self.words(now - outage.began)) ago"
            let length = outage.ended.map { "for \(Self.words($0 - outage.began))" } ?? "until now"
            lines.append("  away \(began) \(length): \(outage.cause)")
        }
        return lines
    }

    /// The two largest units: `3 d 4 h`, `12 s`.
    static func words(_ time: TimeAmount) -> String {
        let seconds = max(0, time.nanoseconds / 1_000_000_000)
        let parts = [
            (seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s"),
        ]
        guard let first = parts.firstIndex(where: { $0.0 > 0 }) else { return "0 s" }
        return parts[first...].prefix(2).filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }
}

extension ForwardStatus {
    /// With the port that the server chose.
    fileprivate var standing: String {
        guard case .given(let port?) = self.state, self.request.specification.listen.isServersChoice else {
            return self.words
        }
        return "\(self.words) (port \(port))"
    }
}

extension ListenEndpoint {
    /// The server chooses a port for `-R 0`.
    fileprivate var isServersChoice: Bool {
        if case .port(_, 0) = self { true } else { false }
    }
}
