import SSHConfiguration

/// The path of a Unix socket that a client asked for, once it can mean only one thing.
struct UnixPath: Hashable, Sendable {
    /// What Linux has room for in a Unix socket's address.
    static let maximumLength = 107

    /// The names between the slashes.
    let components: [[UInt8]]

    /// - Throws: `InvalidValue` unless it is absolute, short enough, and has no component that is empty, `.` or `..` and no
    ///   control character.
    init(_ text: String) throws {
        let count = text.utf8.count
        guard count <= Self.maximumLength else {
            throw InvalidValue("a Unix socket's path of \(count) bytes, where \(Self.maximumLength) are possible")
        }
        guard text.utf8.first == UInt8(ascii: "/") else { throw InvalidValue("a Unix socket's path must be absolute") }
        // U+FFFD stands where the client's bytes were no UTF-8: the file would have another name than was asked for.
        guard !text.unicodeScalars.contains(where: { $0.isControl || $0 == "\u{fffd}" }) else {
            throw InvalidValue("a Unix socket's path holds a control character or is no UTF-8")
        }
        self.components = try Self.split(text)
    }

    /// The components of an absolute path.
    static func split(_ text: String) throws -> [[UInt8]] {
        let components = text.utf8.dropFirst()
            .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { Array($0) }
        let special: [[UInt8]] = [[], Array(".".utf8), Array("..".utf8)]
        guard !components.isEmpty, components.allSatisfy({ !special.contains($0) }) else {
            throw InvalidValue("a Unix socket's path has a component that is empty, . or ..")
        }
        return components
    }
}

extension Unicode.Scalar {
    /// C0, DEL and C1.
    var isControl: Bool { self.value < 0x20 || (0x7f...0x9f).contains(self.value) }
}
