import SSHConfiguration
import SSHCrypto
import SSHSystem
import SSHWire

/// Changes an authorized_keys file: one program at a time, and as a whole or not at all.
struct AuthorizedKeysEditor {
    let path: String

    /// Adds a line, which must then be one that the relay uses.
    ///
    /// - Returns: its number, counted from 1; nil if the file has the very line already.
    /// - Throws: `misuse` if the key stands there in another line.
    func add(_ line: ClientLine) throws -> Int? {
        try self.change { text in
            let known = text.keys(path: self.path).keys.filter { $0.blob == line.key.blob }
            if let known = known.first {
                guard FileLines(text.bytes).contains(where: { Array($0.text) == Array(line.text.utf8) }) else {
                    throw SSHError(
                        .misuse,
                        "the key stands in \(self.path.escapedForLog) line \(known.line) already; take it out first"
                    )
                }
                return nil
            }
            text.append(line)
            let file = text.keys(path: self.path)
            guard let added = file.keys.last, added.blob == line.key.blob, added.comment == line.name else {
                let reason =
                    file.problems.last.map { "\($0)" } ?? "\(self.path.escapedForLog): the line would not count"
                throw SSHError(.invalidConfiguration, reason)
            }
            return added.line
        }
    }

    /// Takes lines out.
    ///
    /// - Parameter isWanted: what goes.
    /// - Returns: what went.
    func remove(_ isWanted: (AuthorizedKey) -> Bool) throws -> [AuthorizedKey] {
        try self.change { text in
            let removed = text.keys(path: self.path).keys.filter(isWanted)
            text.removeLines(Set(removed.map(\.line)))
            return removed
        }
    }

    private func change<Result>(_ body: (inout AuthorizedKeysText) throws -> Result) throws -> Result {
        try EditedFile(path: self.path, limit: AccountFiles.limit, mode: 0o644).change { bytes in
            var text = AuthorizedKeysText(bytes)
            defer { bytes = text.bytes }
            return try body(&text)
        }
    }
}
