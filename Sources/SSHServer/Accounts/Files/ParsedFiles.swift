import SSHSystem
import Synchronization

/// Files that are read and parsed once for as long as they stay as they are: thousands of devices that come back ask about
/// the same lists.
final class ParsedFiles<Value: Sendable>: Sendable {
    private struct Entry {
        let state: FileState
        let value: Result<Value, any Error>
        /// The file's.
        let size: Int
        let footprint: Int
        let isOnLocalDisk: Bool
        /// What was parsed, while the file is so new that it may be written again without looking different.
        var bytes: [UInt8]?
        var lastUse: UInt64
    }

    private struct Entries {
        var byPath: [String: Entry] = [:]
        var uses: UInt64 = 0
        /// What all the files that are kept take together.
        var footprint = 0
    }

    private let entries = Mutex(Entries())
    private let count: Int
    private let size: Int
    private let parse: @Sendable (BoundedFile, String) throws -> Value
    private let footprint: @Sendable (Value) -> Int

    /// - Parameters:
    ///   - count: how many files are kept; who has not been asked for longest goes.
    ///   - size: how many bytes of memory they may take together. The last one asked for is kept even if it is larger.
    ///   - footprint: how many bytes of memory a parsed file takes, about.
    ///   - parse: gets the file and its path.
    init(
        count: Int,
        size: Int,
        footprint: @escaping @Sendable (Value) -> Int = { _ in 0 },
        parse: @escaping @Sendable (BoundedFile, String) throws -> Value
    ) {
        self.count = count
        self.size = size
        self.footprint = footprint
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
            footprint: max(file.bytes.count, (try? self.footprint(value.get())) ?? 0),
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
            entries.footprint += entry.footprint - (entries.byPath.updateValue(entry, forKey: path)?.footprint ?? 0)
            guard entries.byPath.count > self.count || entries.footprint > self.size else { return }
            // Some more than must go: where there are more files than are kept, not every login is to look for one.
            let (count, size) = (self.count - self.count / 8, self.size - self.size / 8)
            let oldestFirst = entries.byPath.sorted { $0.value.lastUse < $1.value.lastUse }
            for (path, entry) in oldestFirst.dropLast() where entries.byPath.count > count || entries.footprint > size {
                entries.byPath[path] = nil
                entries.footprint -= entry.footprint
            }
        }
    }
}
