import Glibc

/// Where the relay's control socket is, as a client could name it.
struct ControlSocketPath: Hashable, Sendable {
    private let paths: Set<UnixPath>

    /// Follows links in the folder's name, as the relay does: a client's path leads through none.
    init(_ path: String) {
        var names = [path]
        if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), let folder = realpath(String(path[...slash]), nil) {
            defer { free(folder) }
            let folder = String(cString: folder)
            names.append("\(folder == "/" ? "" : folder)\(path[slash...])")
        }
        self.paths = Set(names.compactMap { try? UnixPath($0) })
    }

    func isReached(by path: UnixPath) -> Bool { self.paths.contains(path) }
}
