import SSHConfiguration

/// Values of the keywords that may stand in a Match block.
extension Arguments {
    mutating func tcpForwarding() throws -> TCPForwarding {
        let expected = "yes, no, local or remote"
        let word = try self.required(expected)
        switch word.asciiLowercased {
        case "yes", "all": return .all
        case "no": return []
        case "local": return .local
        case "remote": return .remote
        default: throw self.problem("\"\(word)\" is wrong, expected \(expected)")
        }
    }

    /// `any`, `none`, or permissions.
    mutating func permitList(allowsBarePort: Bool) throws -> PermitList {
        let first = try self.required("host:port, any or none")
        if first == "any" { return .any }
        if first == "none" { return .none }
        var permissions = [try self.permission(first, allowsBarePort)]
        while let word = self.next() { permissions.append(try self.permission(word, allowsBarePort)) }
        return .only(permissions)
    }

    private func permission(_ text: String, _ allowsBarePort: Bool) throws -> ForwardPermission {
        try self.locating {
            try ForwardPermission(text, allowsBarePort: allowsBarePort, rule: self.rule(for: text))
        }
    }

    mutating func users() throws -> [UserPattern] {
        try self.remaining("user names or patterns").map { text in
            try self.locating { try UserPattern(user: text, rule: self.rule(for: text)) }
        }
    }

    mutating func groups() throws -> [UserPattern] {
        try self.remaining("group names or patterns").map { text in
            try self.locating { try UserPattern(group: text, rule: self.rule(for: text)) }
        }
    }

    mutating func authorizedKeysFiles() throws -> [String] {
        try self.remaining("paths or none").filter { path in
            try self.locating { try AuthorizedKeysPath.check(path) }
            return path.asciiLowercased != "none"
        }
    }
}
