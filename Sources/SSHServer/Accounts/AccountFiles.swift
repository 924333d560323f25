import Synchronization

/// Reads the files that a login rests on, each once, however many logins are judged together.
final class AccountFiles: Sendable {
    private let known = Mutex<[String: Result<BoundedFile, any Error>]>([:])

    /// No file is larger than this.
    static let limit = 16 << 20

    /// - Throws: as `BoundedFile` does.
    func read(_ path: String) throws -> BoundedFile {
        if let known = self.known.withLock({ $0[path] }) { return try known.get() }
        let file = Result { try BoundedFile(path: path, limit: Self.limit, mustBeRegular: true) }
        self.known.withLock { $0[path] = file }
        return try file.get()
    }
}

/// Reads files for one login, and notes which ones.
struct ConsultedFiles {
    let files: AccountFiles
    private(set) var paths: [String] = []

    init(_ files: AccountFiles) {
        self.files = files
    }

    /// - Throws: as `BoundedFile` does.
    mutating func read(_ path: String) throws -> BoundedFile {
        self.note(path)
        return try self.files.read(path)
    }

    /// The path matters although it is not read here.
    mutating func note(_ path: String) {
        if !self.paths.contains(path) { self.paths.append(path) }
    }
}
