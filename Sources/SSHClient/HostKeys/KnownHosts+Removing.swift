import SSHSystem
import SSHWire

extension KnownHosts {
    /// Takes lines out of a known_hosts file, wherever they stand by now; all others stay as they are.
    ///
    /// The new file takes the place of the old one at once: nobody reads half of it.
    ///
    /// - Throws: `system` with the file and the reason.
    static func remove(_ entries: [KnownHostsEntry], from path: String) throws {
        let turn = try? FolderTurn.claim(SystemPath.parent(of: SystemPath.resolve(path) ?? path), patience: 100)
        defer { turn?.end() }
        let file: BoundedFile
        do throws(BoundedFile.Failure) {
            file = try BoundedFile(reading: path, limit: 64 << 20)
        } catch {
            throw Self.notRemoved(path, "\(error)")
        }
        var lines = file.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let count = lines.count
        lines.removeAll { line in
            guard let found = KnownHostsEntry(line: line, file: path, number: 0) else { return false }
            return entries.contains { $0.marker == found.marker && $0.hosts == found.hosts && $0.key == found.key }
        }
        guard lines.count < count else { return }
        let bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        do throws(SystemError) {
            try WholeFile.write(bytes, to: path, mode: 0o600)
        } catch {
            throw Self.notRemoved(path, "\(error)")
        }
    }

    private static func notRemoved(_ path: String, _ reason: String) -> SSHError {
        SSHError(.system, "Failed to remove old keys from the list of known hosts (\(path)): \(reason)")
    }
}
