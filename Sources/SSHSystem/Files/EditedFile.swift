import Glibc
import SSHWire

/// A file that people and programs change: one program at a time, and as a whole or not at all.
package struct EditedFile {
    package let path: String
    private let limit: Int
    private let mode: UInt32

    /// - Parameters:
    ///   - limit: bytes.
    ///   - mode: that of a file that is not there yet.
    package init(path: String, limit: Int, mode: UInt32) {
        self.path = path
        self.limit = limit
        self.mode = mode
    }

    /// Reads, changes and replaces the file; it may be a new one. A file that does not change is not written. It waits up to ten seconds
    /// for another program.
    ///
    /// - Throws: `system` or `limitExceeded` with the file and the reason, and what `body` throws.
    package func change<Result>(_ body: (inout [UInt8]) throws -> Result) throws -> Result {
        // The folder of the file itself: who comes by another link waits for the same turn.
        let target = SystemPath.resolve(self.path) ?? self.path
        let turn = try self.locating { () throws(SystemError) in
            try FolderTurn.claim(SystemPath.parent(of: target))
        }
        defer { turn.end() }
        var old: [UInt8] = []
        do {
            old = try BoundedFile(path: target, limit: self.limit, mustBeRegular: true).bytes
        } catch is BoundedFile.NotFound {}
        var new = old
        let result = try body(&new)
        guard new != old else { return result }
        guard new.count <= self.limit else {
            throw SSHError(.limitExceeded, "\(self.path.escapedForLog) would get too large")
        }
        try self.locating { () throws(SystemError) in
            try WholeFile.write(new, to: target, mode: self.mode)
        }
        return result
    }

    /// Makes an empty file where there is none.
    ///
    /// - Throws: `system` with the file and the reason.
    package func makeIfAbsent() throws {
        let descriptor = open(self.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(self.mode))
        guard descriptor < 0 else { return _ = close(descriptor) }
        guard errno == EEXIST else {
            throw SSHError(.system, "\(self.path.escapedForLog) cannot be made: \(SystemError())")
        }
    }

    private func locating<Result>(_ body: () throws(SystemError) -> Result) throws(SSHError) -> Result {
        do throws(SystemError) {
            return try body()
        } catch {
            throw SSHError(.system, "\(self.path.escapedForLog) cannot be changed: \(error)")
        }
    }
}
