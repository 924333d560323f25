import SSHConfiguration
import SSHSystem
import SSHWire

extension AuthorizedKeys {
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
