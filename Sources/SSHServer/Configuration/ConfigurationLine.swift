import SSHConfiguration

/// One line of an sshd_config, cut into words as sshd cuts it.
struct ConfigurationLine: Hashable, Sendable {
    let keyword: String
    let arguments: [String]
    /// The arguments as they stand there, with quotes and all: a few keywords take them so.
    let text: String

    /// - Returns: nil for an empty line or a comment.
    /// - Throws: `InvalidValue` for quotes that do not close, a keyword without an argument, and bytes that are no text.
    init?(_ bytes: ArraySlice<UInt8>) throws {
        guard !bytes.contains(0) else { throw InvalidValue("the line holds a NUL byte") }
        var rest = bytes.drop(while: Self.isBlank)
        while let last = rest.last, Self.isBlank(last) || last == 0x0c { rest.removeLast() }
        guard let first = rest.first, first != UInt8(ascii: "#") else { return nil }
        guard String(validating: rest, as: UTF8.self) != nil else { throw InvalidValue("the line is not UTF-8 text") }
        self.keyword = try Self.takeKeyword(&rest)
        self.arguments = try Self.splitArguments(rest)
        self.text = String(decoding: rest, as: UTF8.self)
        guard !rest.isEmpty else { throw InvalidValue("\(self.keyword): there is no argument, expected a value") }
    }

    /// The keyword and the blanks that separate it from its arguments; at most one `=`, unless the keyword is quoted.
    private static func takeKeyword(_ rest: inout ArraySlice<UInt8>) throws -> String {
        if rest.first == UInt8(ascii: "\"") {
            rest.removeFirst()
            guard let end = rest.firstIndex(of: UInt8(ascii: "\"")) else {
                throw InvalidValue("a quote does not close, expected a second one")
            }
            let keyword = rest[..<end]
            rest = rest[(end + 1)...].drop(while: Self.isBlank)
            return String(decoding: keyword, as: UTF8.self)
        }
        let keyword = rest.prefix { !Self.isBlank($0) && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\"") }
        rest = rest[keyword.endIndex...].drop(while: Self.isBlank)
        if rest.first == UInt8(ascii: "=") { rest = rest.dropFirst().drop(while: Self.isBlank) }
        return String(decoding: keyword, as: UTF8.self)
    }

    /// - Parameter commentsEnd: a `#` that begins a word ends the line.
    static func splitArguments(_ bytes: ArraySlice<UInt8>, commentsEnd: Bool = true) throws -> [String] {
        guard let arguments = ConfigurationWords.split(bytes, commentsEnd: commentsEnd) else {
            throw InvalidValue("a quote does not close, expected a second one")
        }
        return arguments
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): true
        default: false
        }
    }
}
