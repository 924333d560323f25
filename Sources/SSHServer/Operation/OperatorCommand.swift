import SSHSystem

/// What somebody who runs the relay may ask of it, through whatever door: the command line or the control socket.
public enum OperatorCommand: Hashable, Sendable {
    case status
    /// Who is logged in.
    case list
    /// Read everything again, as SIGHUP does.
    case reload
    /// End connections.
    case kick(KickTarget)
    /// Say why a key may or may not do something.
    case explain(ExplainRequest)
}

/// Which connections are to end.
public enum KickTarget: Hashable, Sendable {
    case account(String)
    /// `SHA256:...`, of the key that logged in.
    case key(String)
    /// A listener's port.
    case port(UInt16)
    /// A device's name, in every account.
    case name(String)
    /// The number in the log and in the list.
    case connection(UInt64)

    /// `SHA256:...` is a key, a number up to 65535 a port, a greater one a connection, and everything else an account. For what
    /// is none of its looks, and for a device's name, `account=`, `key=`, `port=`, `name=` or `connection=` goes in front.
    ///
    /// - Returns: nil for a text that can mean nothing.
    public init?(_ text: String) {
        if let sign = text.firstIndex(of: "=") {
            let value = String(text[text.index(after: sign)...])
            switch text[..<sign] {
            case "account" where !value.isEmpty: self = .account(value)
            case "key" where !value.isEmpty: self = .key(value)
            case "port":
                guard let port = UInt16(value), port > 0 else { return nil }
                self = .port(port)
            case "connection":
                guard let number = UInt64(value) else { return nil }
                self = .connection(number)
            case "name":
                guard let name = try? DeviceName(value) else { return nil }
                self = .name(name.text)
            case "account", "key": return nil
            default: self = .account(text)
            }
        } else if text.hasPrefix("SHA256:") {
            self = .key(text)
        } else if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            guard let number = UInt64(text), number > 0 else { return nil }
            self = UInt16(exactly: number).map { .port($0) } ?? .connection(number)
        } else {
            guard !text.isEmpty else { return nil }
            self = .account(text)
        }
    }

    /// `account device`, fit for a log.
    var description: String {
        switch self {
        case .account(let name): "account \(name.escapedForLog)"
        case .key(let fingerprint): "key \(fingerprint.escapedForLog)"
        case .port(let port): "port \(port)"
        case .name(let name): "name \(name.escapedForLog)"
        case .connection(let number): "connection \(number)"
        }
    }
}

/// Who asks, as the system says.
struct Operator: Hashable, Sendable, CustomStringConvertible {
    let userID: UInt32
    let process: Int32

    var description: String { "user id \(self.userID), process \(self.process)" }
}
