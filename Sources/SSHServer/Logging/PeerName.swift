import NIOCore
import SSHConfiguration
import SSHForwarding

/// How log lines name the other side: `192.0.2.7 port 51234`.
struct PeerName: CustomStringConvertible, Sendable {
    let address: String
    let port: Int

    /// What counts as one source with this address: all that an ordinary IPv6 customer has.
    var source: String {
        guard self.address.contains(":"), let address = IPAddress(self.address) else { return self.address }
        return "\(address.masked(to: 64).text)/64"
    }

    init(_ address: SocketAddress?) {
        let text = address?.ipAddress ?? "UNKNOWN"
        self.address = text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
        self.port = address?.port ?? 65535
    }

    var description: String { "\(self.address) port \(self.port)" }
}
