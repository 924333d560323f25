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

    /// The names in a folder, in no order, without those that begin with a dot; none if it cannot be read.
    ///
    /// - Parameter most: so many are looked at.
    package static func names(in folder: String, most: Int) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count < most, let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.utf8.first != UInt8(ascii: ".") { names.append(name) }
        }
        return names
    }

    /// The paths that a pattern of glob(7) stands for, in lexical order; none is fine.
    ///
    /// - Returns: nil if the pattern cannot be searched for.
    package static func matching(_ pattern: String) -> [String]? {
        var result = glob_t()
        defer { globfree(&result) }
        switch glob(pattern, 0, nil, &result) {
        case 0: return (0..<Int(result.gl_pathc)).compactMap { result.gl_pathv[$0].map { String(cString: $0) } }
        case GLOB_NOMATCH: return []
        default: return nil
        }
    }
}
