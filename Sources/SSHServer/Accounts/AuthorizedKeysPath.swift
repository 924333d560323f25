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
        let isWild = glob && pattern.contains { "*?[".contains($0) }
        let absolute = pattern.hasPrefix("/") || pattern.hasPrefix("%h") ? pattern : "%h/\(pattern)"
        let path = try Self.substitute(absolute) { token in
            let value =
                switch token {
                case .user: account.name.text
                case .home: account.home
                case .userID: account.userID.map { "\($0)" }
                }
            return isWild ? value.map(Self.escaped) : value
        }
        return path.map { isWild ? .pattern($0) : .path($0) }
    }

    private enum Token {
        case user
        case home
        case userID
    }

    private static func substitute(_ pattern: String, _ value: (Token) -> String?) throws -> String? {
        var path = ""
        var isComplete = true
        var rest = pattern.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                path.unicodeScalars.append(scalar)
                continue
            }
            let token: Token
            switch rest.popFirst() {
            case "%":
                path += "%"
                continue
            case "u": token = .user
            case "h": token = .home
            case "U": token = .userID
            default: throw InvalidValue("\"\(pattern)\" holds an unknown token, expected %u, %h, %U or %%")
            }
            guard let text = value(token) else {
                isComplete = false
                continue
            }
            path += text
        }
        return isComplete ? path : nil
    }

    /// The text so that glob(7) finds no wildcard in it.
    private static func escaped(_ text: String) -> String {
        String(text.flatMap { "*?[]\\".contains($0) ? ["\\", $0] : [$0] })
    }
}
