import SSHSystem

/// One usable line of an authorized_keys file.
public struct AuthorizedKey: Hashable, Sendable {
    public let options: KeyOptions
    /// The name in front of the key, e.g. `ssh-ed25519`.
    public let keyType: String
    /// The key as it goes over the wire.
    public let blob: [UInt8]
    public let comment: String
    public let file: String
    public let line: Int

    public init(options: KeyOptions, keyType: String, blob: [UInt8], comment: String, file: String, line: Int) {
        self.options = options
        self.keyType = keyType
        self.blob = blob
        self.comment = comment
        self.file = file
        self.line = line
    }

    /// The line as a rule; its text is the type and the comment.
    public var rule: Rule {
        let comment = self.comment.isEmpty ? "" : " \(self.comment)"
        return Rule(file: self.file, line: self.line, text: self.keyType + comment)
    }
}

/// A line that is not used, or a file that is not, and why.
public struct AuthorizedKeysProblem: Hashable, Sendable, CustomStringConvertible {
    public let file: String
    /// Counted from 1; 0 for the file as a whole.
    public let line: Int
    public let reason: String
    /// The key of the line, as far as it could be read: who offers it wants to know the reason.
    let blob: [UInt8]?
    /// sshd's line about a file that is not used.
    let said: LogLine?

    init(file: String, line: Int, reason: String, blob: [UInt8]? = nil, said: LogLine? = nil) {
        self.file = file
        self.line = line
        self.reason = reason
        self.blob = blob
        self.said = said
    }

    public var description: String {
        let place = self.line == 0 ? self.file : "\(self.file) line \(self.line)"
        return "\(place): \(self.reason)".escapedForLog
    }
}
