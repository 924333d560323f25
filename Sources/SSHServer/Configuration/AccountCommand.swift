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
    enum Token: Character, CaseIterable, Sendable {
        case user = "u"
        case userID = "U"
        case home = "h"
        case key = "k"
        case keyType = "t"
        case fingerprint = "f"
        case authority = "K"
        case authorityType = "T"
        case authorityFingerprint = "F"
        case keyIdentifier = "i"
        case serial = "s"

        /// A certificate has all of them.
        static let ofKeys: [Token] = [.user, .userID, .home, .key, .keyType, .fingerprint]

        fileprivate init?(_ letter: Unicode.Scalar) {
            self.init(rawValue: Character(letter))
        }

        var text: String { "%\(self.rawValue)" }
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
        var expanded = ""
        for piece in PercentPiece.split(word) {
            switch piece {
            case .text(let text): expanded += text
            case .token("%"): expanded += "%"
            case .token(let letter):
                guard let token = letter.flatMap({ Token($0) }), tokens.contains(token) else {
                    let known = tokens.map(\.text).joined(separator: ", ")
                    throw InvalidValue("\"\(word)\" holds an unknown token, expected \(known) or %%")
                }
                expanded += try value(token)
            }
        }
        return expanded
    }
}
