package import SSHCrypto
public import SSHWire

/// What to do with the key that a server showed.
package enum HostKeyDecision: Sendable {
    case accept
    /// Add it to the first of the user's files, and say so with this line.
    case acceptAndAdd(warning: String)
    /// StrictHostKeyChecking=no and another key is known: go on, but open no forward over a connection that somebody may
    /// be listening to.
    case acceptWithoutForwarding(warnings: [String])
    case ask(HostKeyQuestion)
    case refuse(SSHError)
}

/// The question that ssh asks about an unknown host.
public struct HostKeyQuestion: Hashable, Sendable {
    /// Ends where the answer is typed.
    public let prompt: String
    public let promptAgain = "Please type 'yes', 'no' or the fingerprint: "
    private let fingerprint: String

    init(prompt: String, fingerprint: String) {
        self.prompt = prompt
        self.fingerprint = fingerprint
    }

    public enum Answer: Hashable, Sendable { case yes, no, unclear }

    /// `yes`, `no`, or the fingerprint itself, which proves that somebody compared it.
    public func understand(_ text: String) -> Answer {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 1, let word = words.first else { return .unclear }
        if word == self.fingerprint { return .yes }
        switch word.lowercased() {
        case "yes": return .yes
        case "no": return .no
        default: return .unclear
        }
    }

    /// For an answer of `no`, and for an end of input.
    public var refusal: SSHError { SSHError(.hostKeyRejected, "the key was not accepted") }
}

/// StrictHostKeyChecking applied to what known_hosts says.
package struct HostKeyPolicy: Sendable {
    package var checking: StrictHostKeyChecking
    /// Nobody can be asked: a question becomes a refusal.
    package var batchMode: Bool
    package var exitOnForwardFailure: Bool
    /// The name in known_hosts.
    package var name: String
    /// The address that was connected to, as ssh shows it in parentheses; nil behind a proxy.
    package var address: String?

    package init(
        checking: StrictHostKeyChecking,
        batchMode: Bool,
        exitOnForwardFailure: Bool,
        name: String,
        address: String?
    ) {
        self.checking = checking
        self.batchMode = batchMode
        self.exitOnForwardFailure = exitOnForwardFailure
        self.name = name
        self.address = address
    }

    package func decide(_ verdict: KnownHosts.Verdict, key: PublicKey) -> HostKeyDecision {
        switch verdict {
        case .match:
            return .accept
        case .revoked(let entry):
            // Stricter than ssh, which lets StrictHostKeyChecking=no pass even here.
            return .refuse(
                Self.rejection(
                    "the \(key.displayName) host key of \(self.name) (\(key.fingerprint)) is marked as revoked in \(entry); "
                        + "somebody may be using a stolen key to impersonate this host"
                )
            )
        case .changed(let entries):
            return self.decideChanged(entries, key)
        case .unknown(let otherNames):
            return self.decideUnknown(otherNames, key)
        }
    }

    private func decideChanged(_ entries: [KnownHostsEntry], _ key: PublicKey) -> HostKeyDecision {
        let offending = entries.first { $0.key.type == key.type } ?? entries.first
        let place = offending.map { "\($0.key.displayName) key in \($0)" } ?? "known_hosts"
        let change =
            "the host key of \(self.name) has changed: it shows the \(key.displayName) key \(key.fingerprint), "
            + "which is not the \(place)"
        guard self.checking == .no, !self.exitOnForwardFailure else {
            let removal = offending.map { "ssh-keygen -f \"\($0.file)\" -R \"\(self.name)\"" } ?? "ssh-keygen -R"
            return .refuse(
                Self.rejection(
                    "\(change); somebody may be listening in, or the host got a new key: ask its administrator, "
                        + "then remove the old key with: \(removal)"
                )
            )
        }
        return .acceptWithoutForwarding(warnings: [
            "WARNING: \(change)",
            "Port forwarding is disabled to avoid man-in-the-middle attacks.",
        ])
    }

    private func decideUnknown(_ otherNames: [KnownHostsEntry], _ key: PublicKey) -> HostKeyDecision {
        switch self.checking {
        case .yes:
            return .refuse(
                Self.rejection(
                    "No \(key.displayName) host key is known for \(self.name) and you have requested strict checking; "
                        + "the key's fingerprint is \(key.fingerprint): if it is right, "
                        + "connect once with -o StrictHostKeyChecking=accept-new"
                )
            )
        case .acceptNew, .no:
            return .acceptAndAdd(
                warning:
                    "Warning: Permanently added '\(self.name)' (\(key.displayName)) to the list of known hosts."
            )
        case .ask where self.batchMode:
            return .refuse(
                Self.rejection(
                    "no host key is known for \(self.name), and BatchMode forbids asking; "
                        + "the \(key.displayName) key's fingerprint is \(key.fingerprint)"
                )
            )
        case .ask:
            return .ask(HostKeyQuestion(prompt: self.prompt(otherNames, key), fingerprint: key.fingerprint))
        }
    }

    private func prompt(_ otherNames: [KnownHostsEntry], _ key: PublicKey) -> String {
        let address = self.address.map { " (\($0))" } ?? ""
        var lines = [
            "The authenticity of host '\(self.name)\(address)' can't be established.",
            "\(key.displayName) key fingerprint is \(key.fingerprint).",
        ]
        if otherNames.isEmpty {
            lines.append("This key is not known by any other names.")
        } else {
            lines.append("This host key is known by the following other names/addresses:")
            lines += otherNames.prefix(8).map { "    \($0): \($0.hosts.nameForPeople)" }
            if otherNames.count > 8 { lines.append("    (\(otherNames.count - 8) additional names omitted)") }
        }
        lines.append("Are you sure you want to continue connecting (yes/no/[fingerprint])? ")
        return lines.joined(separator: "\n")
    }

    private static func rejection(_ reason: String) -> SSHError {
        SSHError(.hostKeyRejected, reason)
    }
}

extension KnownHostsPattern {
    /// A hash tells a person nothing.
    var nameForPeople: String {
        switch self {
        case .list(let list): list
        case .hashed: "[hashed name]"
        }
    }
}
