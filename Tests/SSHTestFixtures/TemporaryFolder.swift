package import Glibc

/// A folder that is gone with its owner.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() {
        var template = Array("/tmp/relay-tests-XXXXXX".utf8CString)
        mkdtemp(&template)
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        Self.remove(self.path)
    }

    @discardableResult
    package func write(_ name: String, _ text: String, mode: mode_t = 0o600) -> String {
        let path = "\(self.path)/\(name)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        let bytes = Array(text.utf8)
        Glibc.write(descriptor, bytes, bytes.count)
        fchmod(descriptor, mode)
        close(descriptor)
        return path
    }

    @discardableResult
    package func makeFolder(_ name: String, mode: mode_t = 0o755) -> String {
        let path = "\(self.path)/\(name)"
        mkdir(path, 0o755)
        chmod(path, mode)
        return path
    }

    private static func remove(_ path: String) {
        guard let paths = try? ["\(path)/*", "\(path)/.[!.]*"].flatMap(Self.find) else { return }
        for inner in paths { remove(inner) }
        Glibc.remove(path)
    }

    private static func find(_ pattern: String) throws -> [String] {
        var result = glob_t()
        defer { globfree(&result) }
        guard glob(pattern, 0, nil, &result) == 0 else { return [] }
        return (0..<Int(result.gl_pathc)).compactMap { result.gl_pathv[$0].map { String(cString: $0) } }
    }
}
