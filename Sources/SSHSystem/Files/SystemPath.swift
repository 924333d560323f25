import Glibc

/// Paths as the system sees them: bytes between slashes.
package enum SystemPath {
    /// The folder that a path's last component lies in.
    package static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// The path without symbolic links. It asks the file system, which may be another machine's.
    ///
    /// - Returns: nil if it leads nowhere; errno says why.
    package static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
