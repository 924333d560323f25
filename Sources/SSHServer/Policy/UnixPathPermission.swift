import SSHConfiguration

/// One argument of a PermitStreamLocalListen or PermitStreamLocalOpen, or one `permitstreamlocallisten=` or
/// `permitstreamlocalopen=`.
public struct UnixPathPermission: Hashable, Sendable {
    private enum Paths: Hashable {
        case any
        case none
        case matching(UnixPathPattern)
    }

    private let paths: Paths
    /// The line that it stands in.
    public let rule: Rule

    /// As in sshd for permitlisten.
    static let maximumCount = 4096

    /// - Throws: `InvalidValue`.
    init(_ text: String, rule: Rule) throws {
        switch text {
        case "any": self.paths = .any
        case "none": self.paths = .none
        default: self.paths = .matching(try UnixPathPattern(text))
        }
        self.rule = rule
    }

    /// As it was written.
    var text: String {
        switch self.paths {
        case .any: "any"
        case .none: "none"
        case .matching(let pattern): pattern.text
        }
    }

    fileprivate var isPattern: Bool {
        if case .matching = self.paths { true } else { false }
    }

    /// Whether it names one path, whoever logs in.
    var isLiteral: Bool {
        if case .matching(let pattern) = self.paths { pattern.isLiteral } else { false }
    }

    var needsUnixAccount: Bool {
        if case .matching(let pattern) = self.paths { pattern.needsUnixAccount } else { false }
    }

    func permits(_ path: UnixPath, for account: Account) -> Bool {
        switch self.paths {
        case .any: true
        case .none: false
        case .matching(let pattern): pattern.matches(path, for: account)
        }
    }
}

extension [UnixPathPermission] {
    /// - Throws: `InvalidValue` if there are too many, or `any` or `none` does not stand alone.
    mutating func add(_ permission: UnixPathPermission) throws {
        guard self.count < UnixPathPermission.maximumCount else {
            throw InvalidValue("more than \(UnixPathPermission.maximumCount) paths")
        }
        self.append(permission)
        guard self.count == 1 || (self.prefix(1) + [permission]).allSatisfy(\.isPattern) else {
            throw InvalidValue("\"\(permission.text)\" is one too many, expected any and none alone")
        }
    }
}
