public import SSHCrypto

/// A host shows another key than the known one: what ssh says of it, line by line.
public struct HostKeyAlarm: Hashable, Sendable {
    /// The name in known_hosts.
    public let name: String
    public let shown: PublicKey
    /// The line that holds another key.
    public let known: KnownHostsEntry
    /// Where the user's keys are written.
    public let userFile: String
    /// Whether the key is refused because of StrictHostKeyChecking.
    public let isStrict: Bool

    /// As ssh prints them, and, which it does not, the fingerprint of the known key.
    public var lines: [String] {
        let type = self.shown.displayName
        let border = String(repeating: "@", count: 59)
        var lines = [
            border,
            "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @",
            border,
            "IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!",
            "Someone could be eavesdropping on you right now (man-in-the-middle attack)!",
            "It is also possible that a host key has just been changed.",
            "The fingerprint for the \(type) key sent by the remote host is",
            "\(self.shown.fingerprint).",
            "Please contact your system administrator.",
            "Add correct host key in \(self.userFile) to get rid of this message.",
            "Offending \(self.known.key.displayName) key in \(self.known)",
            "  whose fingerprint is \(self.known.key.fingerprint)",
            "  remove with:",
            "  ssh-keygen -f \"\(self.known.file)\" -R \"\(self.name)\"",
        ]
        if self.isStrict {
            lines.append("Host key for \(self.name) has changed and you have requested strict checking.")
        }
        return lines + ["Host key verification failed."]
    }
}
