import Synchronization

/// Files that are read and parsed once for as long as they stay as they are: thousands of devices that come back ask about
/// the same lists.
final class ParsedFiles<Value: Sendable>: Sendable {
    private struct Entry {
        let state: FileState
        let value: Result<Value, any Error>
        /// What was parsed, while the file is so new that it may be written again without looking different.
        var bytes: [UInt8]?
        var lastUse: UInt64
    }

    private struct Entries {
        var byPath: [String: Entry] = [:]
        var uses: UInt64 = 0
    }

    private let entries = Mutex(Entries())
    private let count: Int
    private let parse: @Sendable ([UInt8]) throws -> Value

    /// - Parameter count: how many files are kept; who has not been asked for longest goes.
    init(count: Int = 32, parse: @escaping @Sendable ([UInt8]) throws -> Value) {
        self.count = count
        self.parse = parse
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
            value = Result { try self.parse(file.bytes) }
        }
        // The clock that stamps files may be a little behind.
        let isNew = file.state.changedSeconds >= Int(clamping: now) - 1
        self.keep(Entry(state: file.state, value: value, bytes: isNew ? file.bytes : nil, lastUse: 0), for: path)
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
            entries.byPath[path] = entry
            entries.byPath[path]?.lastUse = entries.uses
            guard entries.byPath.count > self.count else { return }
            let oldest = entries.byPath.filter { $0.key != path }.min { $0.value.lastUse < $1.value.lastUse }
            if let oldest { entries.byPath[oldest.key] = nil }
        }
    }
}
