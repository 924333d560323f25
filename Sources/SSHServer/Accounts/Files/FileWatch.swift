import Glibc
import NIOCore
import SSHSystem
import Synchronization

/// Notices that files have changed, appeared or gone, by asking the system about each of them now and then.
///
/// Asking costs about a microsecond for a file, and works where notifications do not: over network file systems, through
/// symbolic links, for files that are replaced by a rename.
final class FileWatch: Sendable {
    private struct Watched {
        var uses: Int
        /// nil: it may have changed since it was read.
        var state: FileState?
        /// It was so at that time.
        var seenAt: NIODeadline
    }

    private let files = Mutex<[String: Watched]>([:])

    /// - Parameters:
    ///   - files: as they were when they had been read.
    ///   - readAt: when reading them began, in seconds since 1970. What was changed since then has changed.
    ///   - since: the same on a clock that nobody sets.
    func watch(_ files: [ReadFile], readAt: Int, since: NIODeadline) -> WatchedFiles {
        let watched = self.files.withLock { watched in
            files.map { file in
                let state = file.state.changedSeconds >= readAt ? nil : file.state
                var entry = watched[file.path] ?? Watched(uses: 0, state: state, seenAt: .now())
                // Who watches it already has been told of what this reader has not seen, unless it was the same before.
                let wasTheSame = entry.state == file.state && entry.seenAt < since
                if !wasTheSame, entry.state != state { entry.state = nil }
                entry.uses += 1
                watched[file.path] = entry
                // The key's own text, so that thousands of connections share it.
                return watched.index(forKey: file.path).map { watched[$0].key } ?? file.path
            }
        }
        return WatchedFiles(paths: watched, watch: self)
    }

    fileprivate func unwatch(_ paths: [String]) {
        self.files.withLock { files in
            for path in paths {
                guard let watched = files[path] else { continue }
                guard watched.uses > 1 else {
                    files[path] = nil
                    continue
                }
                files[path]?.uses -= 1
            }
        }
    }

    /// The watched files that have changed since the last call. Asks the system: not for an event loop.
    func changes() -> Set<String> {
        self.changes(self.paths.map { ($0, FileState(of: $0)) })
    }

    var paths: [String] { self.files.withLock { Array($0.keys) } }

    /// The watched files that have changed since the last call, if they are now as somebody has just seen them.
    func changes(_ states: [(path: String, state: FileState)]) -> Set<String> {
        let seenAt = NIODeadline.now()
        return self.files.withLock { files in
            var changed: Set<String> = []
            for (path, state) in states {
                guard let watched = files[path] else { continue }
                files[path]?.seenAt = seenAt
                guard watched.state != state else { continue }
                files[path]?.state = state
                changed.insert(path)
            }
            return changed
        }
    }
}

/// A file that something rests on.
struct ReadFile: Sendable {
    let path: String
    /// When it had been read.
    let state: FileState

    /// Asks the system, as reading did: right after it, on the same thread.
    init(_ path: String) {
        self.path = path
        self.state = FileState(of: path)
    }
}

/// Files that somebody wants to hear about, for as long as this object lives.
final class WatchedFiles: Sendable {
    let paths: [String]
    private let watch: FileWatch

    fileprivate init(paths: [String], watch: FileWatch) {
        self.paths = paths
        self.watch = watch
    }

    deinit {
        self.watch.unwatch(self.paths)
    }
}
