import SSHConfiguration
import SSHSystem
import SSHWire

/// Who may log in to the relay, by the files of AuthorizedKeysFile: for programs on the relay's host that look into them and change them.
package struct ClientRegister {
    private let configuration: ServerConfiguration

    package init(_ configuration: ServerConfiguration) {
        self.configuration = configuration
    }

    /// Where a key was added.
    package struct Addition {
        package let file: String
        /// nil: the very line was there before.
        package let line: Int?
        /// Why the key still cannot log in.
        package let warnings: [String]
    }

    /// Adds a key to the first file of the account.
    ///
    /// - Parameter makesAccount: the account may be a new one: a name that has a file of keys from now on, and no Unix account.
    /// - Throws: `misuse` for an account that there is not, or that can be none.
    package func add(_ line: ClientLine, to name: String, makesAccount: Bool) throws -> Addition {
        let account = try self.account(name)
        let files = self.files(of: account)
        guard let path = files.first(where: { !$0.isHomes })?.path ?? files.first?.path else {
            throw SSHError(.misuse, "AuthorizedKeysFile names no file for \(account.name)")
        }
        try self.checkExists(account, makesAccount: makesAccount)
        let number = try FolderOwner.act(on: path) { try AuthorizedKeysEditor(path: path).add(line) }
        return Addition(file: path, line: number, warnings: self.warnings(account, path))
    }

    /// - Throws: `misuse` for an account that there is not, or that can be none.
    func checkExists(_ name: String, makesAccount: Bool) throws {
        try self.checkExists(try self.account(name), makesAccount: makesAccount)
    }

    private func checkExists(_ account: Account, makesAccount: Bool) throws {
        guard
            makesAccount || account.userID != nil
                || self.files(of: account).contains(where: { !FileState(of: $0.path).isAbsent })
        else {
            throw SSHError(
                .misuse,
                "there is no account \(account.name): no Unix account, and no file of keys; --new-account says that one is meant"
            )
        }
    }

    /// The files of an account.
    func files(of name: String) throws -> [String] { self.files(of: try self.account(name)).map(\.path) }

    /// Takes keys out of all files.
    ///
    /// - Parameter account: nil for all accounts.
    /// - Throws: `misuse` if there is none, or if the words are the comment of several.
    package func remove(_ wanted: ClientChoice, account: String?) throws -> [RegisteredClient] {
        let found = try self.clients(account: account).clients.filter(wanted.matches)
        guard !found.isEmpty else { throw SSHError(.misuse, "no key is \(wanted.text.escapedForLog)") }
        if case .comment = wanted {
            guard Set(found.map(\.fingerprint)).count == 1, Set(found.map(\.account)).count == 1 else {
                let each = found.map { "\($0.fingerprint) of \($0.account.escapedForLog)" }.joined(separator: ", ")
                throw SSHError(.misuse, "several keys are called \(wanted.text.escapedForLog): \(each)")
            }
        }
        var removed: [RegisteredClient] = []
        for file in Set(found.map(\.file)).sorted() {
            let mine = found.filter { $0.file == file }
            // Whatever has changed since: what goes is what was wanted.
            let gone = try FolderOwner.act(on: file) {
                try AuthorizedKeysEditor(path: file).remove { key in mine.contains { $0.isOf(key) } }
            }
            removed += gone.map { RegisteredClient($0, account: mine[0].account) }
        }
        return removed
    }

    /// All keys, account by account.
    ///
    /// - Parameter account: nil for all that have a file whose name has theirs in it; files in homes are looked into only for this one.
    /// - Returns: also what is wrong with files and lines.
    package func clients(account: String?) throws -> (clients: [RegisteredClient], problems: [String]) {
        let accounts = try account.map { [try self.account($0)] } ?? self.accounts()
        var clients: [RegisteredClient] = []
        var problems: [String] = []
        for account in accounts {
            for file in self.files(of: account) {
                do {
                    let bytes = try BoundedFile(path: file.path, limit: AccountFiles.limit, mustBeRegular: true).bytes
                    let keys = AuthorizedKeysFile(bytes, path: file.path)
                    clients += keys.keys.map { RegisteredClient($0, account: account.name.text) }
                    problems += keys.problems.map { "\($0)" }
                } catch is BoundedFile.NotFound {
                    continue
                } catch let error as SSHError {
                    problems.append(error.reason)
                }
            }
        }
        return (clients, problems)
    }

    private func account(_ name: String) throws -> Account {
        guard let name = AccountName(name), case let account = Account.lookingUp(name),
            account.userID != nil || !name.isLeftover
        else { throw SSHError(.misuse, "\"\(name.escapedForLog)\" cannot be an account") }
        guard !account.isIncomplete else {
            throw SSHError(.system, "whether there is an account \(name) cannot be found out now")
        }
        return account
    }

    private func settings(for account: Account) -> AccountSettings {
        self.configuration.settings(for: self.facts(of: account))
    }

    private func facts(of account: Account) -> ConnectionFacts {
        var facts = ConnectionFacts(user: "", address: "", localAddress: "", localPort: 0)
        facts.missing = Set(ConnectionFacts.Fact.allCases)
        facts.learn(account)
        return facts
    }

    /// - Returns: files with a fixed path, and whether each lies in the account's home.
    private func files(of account: Account) -> [(path: String, isHomes: Bool)] {
        self.settings(for: account).authorizedKeysFiles.compactMap { pattern in
            guard case .path(let path)? = try? AuthorizedKeysPath.expand(pattern, for: account) else { return nil }
            return (path, pattern.utf8.first != UInt8(ascii: "/"))
        }
    }

    /// Those whose name is part of a file's that is there.
    private func accounts() -> [Account] {
        var names: Set<AccountName> = []
        for pattern in self.configuration.authorizedKeysPatterns {
            let parts = pattern.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard pattern.utf8.first == UInt8(ascii: "/"), parts.last == "%u" else { continue }
            let folder = parts.dropLast().joined(separator: "/")
            guard !folder.utf8.contains(where: { "%*?[\\".utf8.contains($0) }) else { continue }
            for path in SystemPath.matching("\(folder)/*") ?? [] {
                guard let name = AccountName(String(path.split(separator: "/").last ?? "")) else { continue }
                names.insert(name)
            }
        }
        return names.sorted { $0.text < $1.text }.compactMap { try? self.account($0.text) }
    }

    private func warnings(_ account: Account, _ path: String) -> [String] {
        var warnings: [String] = []
        if case .refused(let rule) = self.settings(for: account).mayLogIn(self.facts(of: account)) {
            warnings.append("\(rule): \(account.name) may not log in")
        }
        let keys = AuthorizedKeys.load(
            for: account,
            patterns: self.settings(for: account).authorizedKeysFiles,
            strictModes: self.configuration.strictModes
        )
        return warnings + keys.problems.filter { $0.file == path && $0.line == 0 }.map { "\($0)" }
    }
}

extension ServerConfiguration {
    /// The arguments of AuthorizedKeysFile, whomever they are for.
    fileprivate var authorizedKeysPatterns: Set<String> {
        var patterns = Set(self.defaults.authorizedKeysFiles)
        for section in self.matchSections {
            var settings = AccountSettings()
            for assign in section.assignments { assign(&settings) }
            if settings.$authorizedKeysFiles.rule != nil { patterns.formUnion(settings.authorizedKeysFiles) }
        }
        return patterns
    }
}
