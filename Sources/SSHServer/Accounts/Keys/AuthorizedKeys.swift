import SSHConfiguration

/// All keys of one account, from all its files, in their order.
public struct AuthorizedKeys: Sendable {
    public let keys: [AuthorizedKey]
    /// Files and lines that are not used; for the log.
    public let problems: [AuthorizedKeysProblem]

    public enum Match: Sendable {
        case accepted(AuthorizedKey)
        /// Why each line with this key does not count, and each file that may have one; empty if the key stands nowhere.
        case refused(reasons: [AuthorizedKeysProblem])
    }

    public init(files: [AuthorizedKeysFile], problems: [AuthorizedKeysProblem] = []) {
        // The one file that most accounts have may be a long one: its lines are not copied.
        self.keys = files.count == 1 ? files[0].keys : files.flatMap(\.keys)
        self.problems = problems + files.flatMap(\.problems)
    }

    private init(_ keys: [AuthorizedKey], _ problems: [AuthorizedKeysProblem]) {
        (self.keys, self.problems) = (keys, problems)
    }

    func adding(_ key: AuthorizedKey) -> AuthorizedKeys { AuthorizedKeys(self.keys + [key], self.problems) }

    /// Whether the key may log in.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - address: the client's numeric address.
    ///   - host: the client's name; the address again while UseDNS is no.
    public func match(blob: [UInt8], at now: UInt64, from address: String, host: String? = nil) -> Match {
        self.match(blob: blob, at: now, from: ClientOrigin(address: address, host: host ?? address))
    }

    func match(blob: [UInt8], at now: UInt64, from origin: ClientOrigin) -> Match {
        var reasons = self.problems.filter { $0.blob == blob || $0.line == 0 } + self.unreadableLines
        for key in self.keys where key.blob == blob {
            guard !key.options.certificateAuthority else {
                let reason = "a cert-authority line accepts certificates, not the key itself"
                reasons.append(AuthorizedKeysProblem(file: key.file, line: key.line, reason: reason, blob: blob))
                continue
            }
            guard let reason = Self.refusal(key.options, now, origin) else { return .accepted(key) }
            reasons.append(AuthorizedKeysProblem(file: key.file, line: key.line, reason: reason, blob: blob))
        }
        return .refused(reasons: reasons.sorted { ($0.file, $0.line) < ($1.file, $1.line) })
    }

    /// Lines of which nobody can say which key they were meant to have: the one that is looked for, perhaps.
    var unreadableLines: [AuthorizedKeysProblem] {
        Array(self.problems.lazy.filter { $0.blob == nil && $0.line > 0 }.prefix(3))
    }

    /// Why a line does not accept its key now, or the certificates of its key; nil if it does.
    static func refusal(_ options: KeyOptions, _ now: UInt64, _ origin: ClientOrigin) -> String? {
        if let expiry = options.expiryTime, expiry < now { return "the key's expiry-time has passed" }
        guard let from = options.from, !from.permits(origin) else { return nil }
        return "from=\"\(from.text)\" does not include \(origin.address)"
            + (origin.isNameKnown ? "" : ", whose name could not be found out")
    }
}
