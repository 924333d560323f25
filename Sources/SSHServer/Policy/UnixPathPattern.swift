import SSHConfiguration

/// A pattern for the paths of Unix sockets: `*` stands for any text within one component, `?` for one byte of it, and %u, %h,
/// %U and %% are replaced.
///
/// What replaces a token is never a wildcard, no wildcard matches a `/`, and none matches a dot at a component's start.
struct UnixPathPattern: Hashable, Sendable {
    let text: String
    private let elements: [Element]

    private enum Element: Hashable {
        case piece(Wildcard)
        case user
        case home
        case userID
    }

    /// - Throws: `InvalidValue` for a pattern that is not absolute, or that no path could match.
    init(_ text: String) throws {
        self.text = text
        guard text.hasPrefix("/") || text.hasPrefix("%h/") else {
            throw InvalidValue("\"\(text)\" is wrong, expected an absolute path, any or none")
        }
        guard !text.unicodeScalars.contains(where: \.isControl) else {
            throw InvalidValue("\"\(text)\" holds a control character, expected a path without")
        }
        do {
            _ = try UnixPath.split(text.hasPrefix("/") ? text : "/\(text)")
        } catch let invalid as InvalidValue {
            throw InvalidValue("\"\(text)\" is wrong, expected another path: \(invalid.reason)")
        }
        self.elements = try Self.parse(text)
    }

    private static func parse(_ text: String) throws -> [Element] {
        var elements: [Element] = []
        for piece in PercentPiece.split(text) {
            switch piece {
            case .text(let text): elements += text.utf8.map { .piece(Wildcard($0)) }
            case .token("%"): elements.append(.piece(.byte(UInt8(ascii: "%"))))
            case .token("u"): elements.append(.user)
            // A home is a whole path: it can only stand in front.
            case .token("h") where elements.isEmpty: elements.append(.home)
            case .token("U"): elements.append(.userID)
            case .token:
                throw InvalidValue("\"\(text)\" holds an unknown token, expected %u, %U, %% or, in front, %h")
            }
        }
        return elements
    }

    /// Whether it holds neither a wildcard nor a token.
    var isLiteral: Bool { self.elements.allSatisfy { if case .piece(.byte) = $0 { true } else { false } } }

    /// Whether the system must be asked about the account before anything can match.
    var needsUnixAccount: Bool {
        self.elements.contains(.home) || self.elements.contains(.userID)
    }

    /// An account without a home or a user id matches no pattern that names it.
    func matches(_ path: UnixPath, for account: Account) -> Bool {
        guard let pattern = self.components(for: account), pattern.count == path.components.count else { return false }
        return zip(pattern, path.components).allSatisfy { Self.matches($0, $1) }
    }

    private func components(for account: Account) -> [ArraySlice<Wildcard>]? {
        var expanded: [Wildcard] = []
        for element in self.elements {
            guard let replacement = Self.replacement(of: element, account) else { return nil }
            expanded += replacement
        }
        return expanded.dropFirst().split(separator: .byte(UInt8(ascii: "/")), omittingEmptySubsequences: false)
    }

    private static func replacement(of element: Element, _ account: Account) -> [Wildcard]? {
        let text: String?
        switch element {
        case .piece(let piece): return [piece]
        case .user: text = account.name.text
        case .userID: text = account.userID.map { "\($0)" }
        case .home:
            text = account.home.flatMap { home in
                guard home.hasPrefix("/"), home != "/" else { return nil }
                return home.hasSuffix("/") ? String(home.dropLast()) : home
            }
        }
        return text.map { $0.utf8.map { .byte($0) } }
    }

    private static func matches(_ pattern: ArraySlice<Wildcard>, _ name: [UInt8]) -> Bool {
        if name.first == UInt8(ascii: "."), pattern.first != .byte(UInt8(ascii: ".")) { return false }
        return Wildcard.matches(pattern, name)
    }
}
