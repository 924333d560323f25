import SSHConfiguration

/// A program that is asked about a login, with its arguments: AuthorizedKeysCommand, AuthorizedPrincipalsCommand.
public struct AccountCommand: Hashable, Sendable {
    /// What it is asked for: the keyword that names it.
    enum Kind: String, Sendable {
        case keys = "AuthorizedKeysCommand"
        case principals = "AuthorizedPrincipalsCommand"
    }

    /// As it stands in the file.
    public let text: String
    /// The path, and the arguments with their tokens.
    private let words: [String]

    /// What stands behind `%` in an argument.
    enum Token: UInt8, CaseIterable, Sendable {
        case user = 0x75  // u
        case userID = 0x55  // U
        case home = 0x68  // h
        case key = 0x6b  // k
        case keyType = 0x74  // t
        case fingerprint = 0x66  // f
        case authority = 0x4b  // K
        case authorityType = 0x54  // T
        case authorityFingerprint = 0x46  // F
        case keyIdentifier = 0x69  // i
        case serial = 0x73  // s

        /// A certificate has all of them.
        static let ofKeys: [Token] = [.user, .userID, .home, .key, .keyType, .fingerprint]

        var text: String { "%" + String(decoding: [self.rawValue], as: UTF8.self) }
    }

    /// - Parameter tokens: those that may stand in its arguments.
    /// - Throws: `InvalidValue` for a path that is not absolute, quotes that do not close, and unknown tokens.
    init(_ text: String, tokens: [Token]) throws {
        guard text.utf8.first == UInt8(ascii: "/") else {
            throw InvalidValue("\"\(text)\" is wrong, expected an absolute path or none")
        }
        self.text = text
        self.words = try ConfigurationLine.splitArguments(Array(text.utf8)[...], commentsEnd: false)
        for word in self.words.dropFirst() {
            _ = try Self.expand(word, tokens) { _ in "" }
        }
    }

    var path: String { self.words.first ?? "" }

    /// Whether more stands there than the path.
    var hasArguments: Bool { self.words.count > 1 }

    /// The arguments without the path; there are no tokens in that.
    ///
    /// - Throws: `InvalidValue` for a token that has no value.
    func arguments(_ value: (Token) -> String?) throws -> [String] {
        try self.words.dropFirst().map { word in
            try Self.expand(word, Token.allCases) { token in
                guard let text = value(token) else {
                    throw InvalidValue("the account has no \(token == .home ? "home" : "user id") for \(token.text)")
                }
                return text
            }
        }
    }

    private static func expand(_ word: String, _ tokens: [Token], _ value: (Token) throws -> String) throws -> String {
        var expanded: [UInt8] = []
        var bytes = word.utf8.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%") else {
                expanded.append(byte)
                continue
            }
            let letter = bytes.next()
            if letter == UInt8(ascii: "%") {
                expanded.append(UInt8(ascii: "%"))
            } else if let token = letter.flatMap(Token.init(rawValue:)), tokens.contains(token) {
                expanded += try value(token).utf8
            } else {
                let known = tokens.map(\.text).joined(separator: ", ")
                throw InvalidValue("\"\(word)\" holds an unknown token, expected \(known) or %%")
            }
        }
        return String(decoding: expanded, as: UTF8.self)
    }
}
