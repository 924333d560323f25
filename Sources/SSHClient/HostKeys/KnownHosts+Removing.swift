import Glibc
import SSHSystem
import SSHWire

extension KnownHosts {
    /// Takes lines out of a known_hosts file, wherever they stand by now; all others stay as they are.
    ///
    /// The new file takes the place of the old one at once: nobody reads half of it.
    ///
    /// - Throws: `system` with the file and the reason.
    static func remove(_ entries: [KnownHostsEntry], from path: String) throws {
        func failure() -> SSHError {
            SSHError(.system, "Failed to remove old keys from the list of known hosts (\(path)): \(SystemError())")
        }
        // A link stays one, and leads to the new file.
        guard let resolved = realpath(path, nil) else { throw failure() }
        let target = String(cString: resolved)
        free(resolved)
        guard let file = try? BoundedFile(reading: target, limit: 64 << 20) else { throw failure() }
        var lines = file.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let count = lines.count
        lines.removeAll { line in
            guard let found = KnownHostsEntry(line: line, file: path, number: 0) else { return false }
            return entries.contains { $0.marker == found.marker && $0.hosts == found.hosts && $0.key == found.key }
        }
        guard lines.count < count else { return }
        let bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        var name = Array("\(target).XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0, fchmod(descriptor, file.mode & 0o777) == 0,
            Self.write(bytes, to: descriptor), fsync(descriptor) == 0,
            rename(name, target) == 0
        else {
            let error = failure()
            unlink(name)
            throw error
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, Array(rest), rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
