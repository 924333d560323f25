import Glibc
import SSHConfiguration
import SSHSystem
import SSHWire

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

    /// Reads the account's files as they are now. What cannot be read, or must not be trusted, becomes a problem.
    ///
    /// - Parameters:
    ///   - patterns: the arguments of AuthorizedKeysFile.
    ///   - strictModes: refuse files that somebody else could change.
    public static func load(
        for account: Account,
        patterns: [String],
        strictModes: Bool,
        glob: (String) throws -> [String] = ConfigurationFiles.system.glob
    ) -> AuthorizedKeys {
        var consulted = ConsultedFiles(AccountFiles())
        return Self.load(for: account, patterns: patterns, strictModes: strictModes, &consulted, glob: glob)
    }

    static func load(
        for account: Account,
        patterns: [String],
        strictModes: Bool,
        _ consulted: inout ConsultedFiles,
        glob: (String) throws -> [String] = ConfigurationFiles.system.glob
    ) -> AuthorizedKeys {
        var files: [AuthorizedKeysFile] = []
        var problems: [AuthorizedKeysProblem] = []
        let check = strictModes ? StrictModes(account: account) : nil
        for pattern in patterns {
            let paths = Self.locating(pattern, account, &problems) {
                try Self.paths(pattern, account, &consulted, glob)
            }
            for path in paths ?? [] {
                let file = Self.locating(path, account, &problems) { try Self.read(path, check, &consulted) }
                if let file { files.append(file) }
            }
        }
        return AuthorizedKeys(files: files, problems: problems)
    }

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

    private static func paths(
        _ pattern: String,
        _ account: Account,
        _ consulted: inout ConsultedFiles,
        _ glob: (String) throws -> [String]
    ) throws -> [String] {
        switch try AuthorizedKeysPath.expand(pattern, for: account) {
        case nil: return []
        case .path(let path): return [path]
        case .pattern(let pattern):
            // A file that appears changes the folder it lies in.
            try consulted.noteFolder(SystemPath.parent(of: pattern))
            return try glob(pattern)
        }
    }

    private static func read(
        _ path: String,
        _ check: StrictModes?,
        _ consulted: inout ConsultedFiles
    ) throws -> AuthorizedKeysFile {
        let file = try consulted.authorizedKeys(path)
        try check?.check(path, owner: file.owner, mode: file.mode)
        return file.file
    }

    /// A missing file is no problem: most accounts have fewer files than AuthorizedKeysFile names.
    private static func locating<Value>(
        _ path: String,
        _ account: Account,
        _ problems: inout [AuthorizedKeysProblem],
        _ body: () throws -> Value
    ) -> Value? {
        do {
            return try body()
        } catch is BoundedFile.NotFound {
            return nil
        } catch {
            let reason = (error as? InvalidValue)?.reason ?? ErrorText.of(error)
            let said = Self.refusalLine(of: path, account, error)
            problems.append(AuthorizedKeysProblem(file: path, line: 0, reason: reason, said: said))
            return nil
        }
    }

    /// sshd's words for a file that it does not use.
    private static func refusalLine(of path: String, _ account: Account, _ error: any Error) -> LogLine? {
        let (user, file) = (account.name.text.escapedForLog, path.escapedForLog)
        switch error {
        case let error as StrictModes.Untrusted:
            return .info("Authentication refused: \(error.fault)")
        case let error as SSHError where error.code == .notRegular:
            return .info("User '\(user)' authorized keys '\(file)' is not a regular file")
        case let error as SSHError:
            let reason = error.reason.trimmingPrefix("\(file) ").trimmingPrefix("cannot be read: ")
            return .info("Could not open user '\(user)' authorized keys '\(file)': \(reason)")
        default:
            return nil
        }
    }
}
