import Glibc
import NIOCore
import SSHCrypto
import SSHSystem
import SSHWire
import Synchronization

/// Reads the files that a login rests on, each once, however many logins are judged together.
///
/// Or tells only what is known of them without reading, for judging on an event loop; most logins find everything known.
final class AccountFiles: Sendable {
    private let known = Mutex<[String: Result<BoundedFile, any Error>]>([:])
    private let authorized = Mutex<[String: Result<OwnedKeysFile, any Error>]>([:])
    private let revoked = Mutex<[String: Result<RevokedKeyFile, LoginRefusal>]>([:])
    private let authorities = Mutex<[String: Result<PublicKeyLines, LoginRefusal>]>([:])
    /// Of files that are known, where nothing is read.
    private let localFolders = Mutex<Set<String>>([])
    private let missed = Atomic<Bool>(false)
    private let mayRead: Bool
    private let lists: KeyLists
    private let accounts: KnownAccounts
    /// Seconds since 1970, before any file was looked at.
    let began: UInt64
    /// The same on a clock that nobody sets.
    let beganAt = NIODeadline.now()
    private let report: @Sendable (String) -> Void

    /// No file is larger than this.
    static let limit = 16 << 20

    /// - Parameters:
    ///   - lists: what is known about lists of keys from before.
    ///   - accounts: what is known about accounts.
    ///   - mayRead: whether files are read and the system is asked. If not, look at `hasMissed` when all is said.
    ///   - now: seconds since 1970.
    ///   - report: gets what is wrong with such a list, once.
    init(
        lists: KeyLists = KeyLists(),
        accounts: KnownAccounts = KnownAccounts(),
        mayRead: Bool = true,
        now: UInt64 = UInt64(clamping: time(nil)),
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.lists = lists
        self.accounts = accounts
        self.mayRead = mayRead
        self.began = now
        self.report = report
    }

    /// Something had to be read, and was not: whatever was concluded is void.
    var hasMissed: Bool { self.missed.load(ordering: .relaxed) }

    /// - Returns: what to throw.
    private func miss() -> SSHError {
        self.missed.store(true, ordering: .relaxed)
        return SSHError(.unreadableNow, "it has to be read")
    }

    /// - Throws: where nothing may be read.
    func checkMayRead() throws {
        if !self.mayRead { throw self.miss() }
    }

    /// - Parameter groups: whether they are asked for.
    func account(_ name: AccountName, groups: Bool) -> Account {
        if self.mayRead { return self.accounts.lookUp(name, groups: groups) }
        if let account = self.accounts.recent(name, groups: groups) { return account }
        _ = self.miss()
        return Account(name: name)
    }

    /// - Throws: as `BoundedFile` does.
    func read(_ path: String) throws -> BoundedFile {
        if let known = self.known.withLock({ $0[path] }) { return try known.get() }
        try self.checkMayRead()
        let file = Result {
            try FileServers.shared.visit(path) { try BoundedFile(path: path, limit: Self.limit, mustBeRegular: true) }
        }
        self.known.withLock { $0[path] = file }
        return try file.get()
    }

    /// A file of AuthorizedKeysFile.
    ///
    /// - Throws: as `BoundedFile` does.
    func authorizedKeys(_ path: String) throws -> OwnedKeysFile {
        if let known = self.authorized.withLock({ $0[path] }) { return try known.get() }
        let file =
            self.mayRead
            ? Result { try FileServers.shared.visit(path) { try self.lists.authorized.read(path, at: self.began) } }
            : self.remembered(path)
        self.authorized.withLock { $0[path] = file }
        return try file.get()
    }

    private func remembered(_ path: String) -> Result<OwnedKeysFile, any Error> {
        let folder = SystemPath.parent(of: path)
        if let known = self.lists.authorized.remembered(path) {
            self.localFolders.withLock { _ = $0.insert(folder) }
            return known
        }
        // Most accounts have one of the two files of the default.
        guard self.localFolders.withLock({ $0.contains(folder) }), FileState(of: path).isAbsent else {
            return .failure(self.miss())
        }
        return .failure(BoundedFile.NotFound())
    }

    /// A file of RevokedKeys. One that cannot be read might name this very key.
    func revokedKeys(_ path: String, at now: UInt64) throws(LoginRefusal) -> RevokedKeyFile {
        if let known = self.revoked.withLock({ $0[path] }) { return try known.get() }
        if !self.mayRead { return try self.remembered(path, in: self.lists.revoked) }
        let file: Result<RevokedKeyFile, LoginRefusal>
        do {
            file = .success(try FileServers.shared.visit(path) { try self.lists.revoked.read(path, at: now) })
            self.say(nil, about: "RevokedKeys \(path)")
        } catch {
            var refusal = self.say("\(Self.reason(error)): nobody may log in", about: "RevokedKeys \(path)")
            refusal.isPassing = (error as? SSHError)?.code == .unreadableNow
            refusal.cause = error is BoundedFile.NotFound ? "No such file or directory" : ErrorText.of(error)
            file = .failure(refusal)
        }
        self.revoked.withLock { $0[path] = file }
        return try file.get()
    }

    /// A file of TrustedUserCAKeys, up to the first line that is no key.
    func trustedAuthorities(_ path: String, at now: UInt64) throws(LoginRefusal) -> PublicKeyLines {
        if let known = self.authorities.withLock({ $0[path] }) { return try known.get() }
        if !self.mayRead { return try self.remembered(path, in: self.lists.authorities) }
        let lines: Result<PublicKeyLines, LoginRefusal>
        do {
            let read = try FileServers.shared.visit(path) { try self.lists.authorities.read(path, at: now) }
            lines = .success(read)
            let problem = read.problem.map { "line \($0.line): \($0.reason): no line from there on is used" }
            self.say(problem, about: "TrustedUserCAKeys \(path)")
        } catch {
            var refusal = self.say(Self.reason(error), about: "TrustedUserCAKeys \(path)")
            refusal.isPassing = (error as? SSHError)?.code == .unreadableNow
            lines = .failure(refusal)
        }
        self.authorities.withLock { $0[path] = lines }
        return try lines.get()
    }

    private func remembered<Value>(_ path: String, in files: ParsedFiles<Value>) throws(LoginRefusal) -> Value {
        guard case .success(let value) = files.remembered(path) else { throw LoginRefusal(self.miss().reason) }
        return value
    }

    private static func reason(_ error: any Error) -> String {
        error is BoundedFile.NotFound ? "it does not exist" : ErrorText.of(error)
    }

    /// - Parameter problem: nil if there is none any more.
    @discardableResult
    private func say(_ problem: String?, about file: String) -> LoginRefusal {
        let text = "\(file): \(problem ?? "")"
        if self.lists.isNews(problem, about: file) { self.report(text) }
        return LoginRefusal(text)
    }
}

/// Reads files for one login, and notes which ones.
struct ConsultedFiles {
    let files: AccountFiles
    private(set) var paths: [String] = []
    /// One of them could not be read just now, for a reason that has nothing to do with it.
    private(set) var isIncomplete = false

    init(_ files: AccountFiles) {
        self.files = files
    }

    /// - Throws: as `BoundedFile` does.
    mutating func read(_ path: String) throws -> BoundedFile {
        self.note(path)
        do { return try self.files.read(path) } catch { throw self.noting(error) }
    }

    /// - Throws: as `BoundedFile` does.
    mutating func authorizedKeys(_ path: String) throws -> OwnedKeysFile {
        self.note(path)
        do { return try self.files.authorizedKeys(path) } catch { throw self.noting(error) }
    }

    /// - Throws: where nothing may be read, which a folder would have to be.
    mutating func noteFolder(_ path: String) throws {
        self.note(path)
        try self.files.checkMayRead()
    }

    mutating func revokedKeys(_ path: String, at now: UInt64) throws(LoginRefusal) -> RevokedKeyFile {
        self.note(path)
        return try self.files.revokedKeys(path, at: now)
    }

    mutating func trustedAuthorities(_ path: String, at now: UInt64) throws(LoginRefusal) -> PublicKeyLines {
        self.note(path)
        do throws(LoginRefusal) {
            return try self.files.trustedAuthorities(path, at: now)
        } catch {
            if error.isPassing { self.isIncomplete = true }
            throw error
        }
    }

    private mutating func noting(_ error: any Error) -> any Error {
        if (error as? SSHError)?.code == .unreadableNow { self.isIncomplete = true }
        return error
    }

    /// The path matters although it is not read here.
    mutating func note(_ path: String) {
        if !self.paths.contains(path) { self.paths.append(path) }
    }
}
