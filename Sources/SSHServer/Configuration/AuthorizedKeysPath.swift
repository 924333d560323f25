import SSHConfiguration

/// A pattern of AuthorizedKeysFile, turned into the path for one account.
enum AuthorizedKeysPath: Hashable {
    case path(String)
    /// A pattern of glob(7) in which only the configuration's own wildcards are wild.
    case pattern(String)

    /// - Throws: `InvalidValue` for an unknown token.
    static func check(_ pattern: String) throws {
        _ = try Self.substitute(pattern) { _ in "" }
    }

    /// Replaces %u, %h, %U and %%, and puts the home in front of a relative path.
    ///
    /// - Parameter glob: `*`, `?` and `[` are wildcards.
    /// - Returns: nil if it needs a home or a user id that the account does not have.
    /// - Throws: `InvalidValue` for an unknown token.
    static func expand(_ pattern: String, for account: Account, glob: Bool = true) throws -> AuthorizedKeysPath? {
        let isWild = glob && pattern.utf8.contains { "*?[".utf8.contains($0) }
        let isAbsolute = pattern.utf8.first == UInt8(ascii: "/") || pattern.utf8.starts(with: "%h".utf8)
        let absolute = isAbsolute ? pattern : "%h/\(pattern)"
        let path = try Self.substitute(absolute) { token in
            let value =
                switch token {
                case .user: account.name.text
                case .home: account.home
                case .userID: account.userID.map { "\($0)" }
                case .percent: "%"
                }
            return isWild ? value.map(Self.escaped) : value
        }
        return path.map { isWild ? .pattern($0) : .path($0) }
    }

    private enum Token {
        case user
        case home
        case userID
        case percent
    }

    private static func substitute(_ pattern: String, _ value: (Token) -> String?) throws -> String? {
        var path = ""
        var isComplete = true
        for piece in PercentPiece.split(pattern) {
            let token: Token
            switch piece {
            case .text(let text):
                path += text
                continue
            case .token("%"): token = .percent
            case .token("u"): token = .user
            case .token("h"): token = .home
            case .token("U"): token = .userID
            case .token: throw InvalidValue("\"\(pattern)\" holds an unknown token, expected %u, %h, %U or %%")
            }
            if let text = value(token) { path += text } else { isComplete = false }
        }
        return isComplete ? path : nil
    }

    /// The text so that glob(7) finds no wildcard in it.
    private static func escaped(_ text: String) -> String {
        // Byte by byte, as glob(7) sees it: what Swift calls a character may begin or end with one of these.
        let bytes = text.utf8.flatMap { "*?[]\\".utf8.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
