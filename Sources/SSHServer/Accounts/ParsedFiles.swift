import Synchronization

/// Files that are read and parsed once for as long as they stay as they are: thousands of devices that come back ask about
/// the same lists.
final class ParsedFiles<Value: Sendable>: Sendable {
    private struct Entry {
        let state: FileState
        let value: Result<Value, any Error>
        let size: Int
        let isOnLocalDisk: Bool
        /// What was parsed, while the file is so new that it may be written again without looking different.
        var bytes: [UInt8]?
        var lastUse: UInt64
    }

    private struct Entries {
        var byPath: [String: Entry] = [:]
        var uses: UInt64 = 0
        /// Of all the files that are kept.
        var size = 0
    }

    private let entries = Mutex(Entries())
    private let count: Int
    private let size: Int
    private let parse: @Sendable (BoundedFile, String) throws -> Value

    /// - Parameters:
    ///   - count: how many files are kept; who has not been asked for longest goes.
    ///   - size: how many bytes they may have together. The last one asked for is kept even if it is larger.
    ///   - parse: gets the file and its path.
    init(count: Int, size: Int, parse: @escaping @Sendable (BoundedFile, String) throws -> Value) {
        self.count = count
        self.size = size
        self.parse = parse
    }

    /// What a file holds, without reading it: for an event loop, which must not wait for a disk, nor for a long list.
    ///
    /// - Returns: nil unless it was read before, is short, lies on a disk of this machine, and has not changed.
    func remembered(_ path: String) -> Result<Value, any Error>? {
        guard let known = self.entry(path), known.isOnLocalDisk, known.size <= Self.shortFile, known.bytes == nil,
            known.state == FileState(of: path)
        else { return nil }
        return known.value
    }

    private static var shortFile: Int { 256 << 10 }

    convenience init(count: Int = 32, parse: @escaping @Sendable ([UInt8]) throws -> Value) {
        self.init(count: count, size: .max) { file, _ in try parse(file.bytes) }
    }

    /// - Parameter now: seconds since 1970, looked at before.
    /// - Throws: as `BoundedFile` and the parser do.
    func read(_ path: String, at now: UInt64) throws -> Value {
        let state = FileState(of: path)
        let known = self.entry(path)
        if let known, known.state == state, known.bytes == nil { return try known.value.get() }
        let file = try BoundedFile(path: path, limit: AccountFiles.limit, mustBeRegular: true)
        let value: Result<Value, any Error>
        if let known, known.state == file.state, known.bytes == file.bytes {
            value = known.value
        } else {
            value = Result { try self.parse(file, path) }
        }
        // The clock that stamps files may be a little behind.
        let isNew = file.state.changedSeconds >= Int(clamping: now) - 1
        let entry = Entry(
            state: file.state,
            value: value,
            size: file.bytes.count,
            isOnLocalDisk: LocalDisk.holds(path),
            bytes: isNew ? file.bytes : nil,
            lastUse: 0
        )
        self.keep(entry, for: path)
        return try value.get()
    }

    private func entry(_ path: String) -> Entry? {
        self.entries.withLock { entries in
            entries.uses &+= 1
            entries.byPath[path]?.lastUse = entries.uses
            return entries.byPath[path]
        }
    }

    private func keep(_ entry: Entry, for path: String) {
        self.entries.withLock { entries in
            var entry = entry
            entry.lastUse = entries.uses
            entries.size += entry.size - (entries.byPath.updateValue(entry, forKey: path)?.size ?? 0)
            guard entries.byPath.count > self.count || entries.size > self.size else { return }
            // Some more than must go: where there are more files than are kept, not every login is to look for one.
            let (count, size) = (self.count - self.count / 8, self.size - self.size / 8)
            let oldestFirst = entries.byPath.sorted { $0.value.lastUse < $1.value.lastUse }
            for (path, entry) in oldestFirst.dropLast() where entries.byPath.count > count || entries.size > size {
                entries.byPath[path] = nil
                entries.size -= entry.size
            }
        }
    }
}
