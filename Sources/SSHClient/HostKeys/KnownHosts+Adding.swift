import Glibc
public import SSHCrypto
import SSHSystem
import SSHWire

extension KnownHosts {
    /// Appends a host's key to a known_hosts file and to these entries.
    ///
    /// The file, and its folder if that is missing, are made for their owner alone. Other ssh programs may append at the
    /// same time: one write to a file opened for appending keeps the lines whole.
    ///
    /// - Throws: `system` with the file and the reason.
    public mutating func add(
        _ name: String,
        key: PublicKey,
        hashed: Bool,
        to path: String,
        random: any RandomSource
    ) throws {
        let pattern = hashed ? KnownHostsPattern.hashing(name, random: random) : .list(name)
        let text = "\(pattern) \(key.openSSHText)\n"
        let lineCount = try Self.append(text, to: path)
        let entry = KnownHostsEntry(line: text.utf8.dropLast(), file: path, number: lineCount)
        if let entry { self.entries.append(entry) }
    }

    /// - Returns: The number of the new line.
    private static func append(_ text: String, to path: String) throws -> Int {
        func failure() -> SSHError {
            SSHError(.system, "Failed to add the host to the list of known hosts (\(path)): \(SystemError())")
        }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            // Only the last folder, ~/.ssh as a rule; it may exist already.
            mkdir(String(path[..<slash]), 0o700)
        }
        // Who takes lines out meanwhile would lose this one; a folder that cannot be locked is no reason not to add it.
        let turn = try? FolderTurn.claim(SystemPath.parent(of: SystemPath.resolve(path) ?? path), patience: 100)
        defer { turn?.end() }
        let descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o600)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        guard let existing = try? BoundedFile(reading: path, limit: 64 << 20) else { throw failure() }
        let endsInLine = existing.bytes.last.map { $0 == UInt8(ascii: "\n") } ?? true
        let bytes = Array((endsInLine ? text : "\n" + text).utf8)
        var written = 0
        while written < bytes.count {
            let count = write(descriptor, Array(bytes[written...]), bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure() }
            written += count
        }
        return existing.bytes.count { $0 == UInt8(ascii: "\n") } + (endsInLine ? 1 : 2)
    }
}
