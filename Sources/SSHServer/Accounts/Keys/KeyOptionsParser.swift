import SSHConfiguration
import SSHForwarding

/// Reads the options of one authorized_keys line.
struct KeyOptionsParser {
    private var options = KeyOptions()
    private var rest: Substring.UTF8View
    private let file: String
    private let line: Int

    /// As in sshd.
    private static let permissionLimit = 4096

    /// - Throws: `InvalidValue` for an unknown or malformed option: then the whole line is void.
    static func parse(_ text: String, file: String, line: Int) throws -> KeyOptions {
        var parser = KeyOptionsParser(rest: text[...].utf8, file: file, line: line)
        while !parser.rest.isEmpty {
            // sshd lets commas stand next to one another and at the end.
            if parser.rest.first == UInt8(ascii: ",") {
                parser.rest.removeFirst()
            } else {
                try parser.parseOption()
            }
        }
        return parser.options
    }

    private init(rest: Substring.UTF8View, file: String, line: Int) {
        self.rest = rest
        self.file = file
        self.line = line
    }

    private mutating func parseOption() throws {
        let word = self.rest.prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=") }
        let name = String(decoding: word, as: UTF8.self).asciiLowercased
        self.rest = self.rest[word.endIndex...]
        guard self.rest.first == UInt8(ascii: "=") else { return try self.setFlag(name) }
        self.rest.removeFirst()
        try self.setValue(name)
    }

    private mutating func setFlag(_ name: String) throws {
        switch name {
        case "restrict":
            self.options.permitsAgentForwarding = false
            self.options.permitsX11Forwarding = false
            self.options.permitsPTY = false
            self.options.permitsUserRC = false
            self.setPortForwarding(false, name)
        case "cert-authority": self.options.certificateAuthority = true
        case "port-forwarding": self.setPortForwarding(true, name)
        case "no-port-forwarding": self.setPortForwarding(false, name)
        case "agent-forwarding": self.options.permitsAgentForwarding = true
        case "no-agent-forwarding": self.options.permitsAgentForwarding = false
        case "x11-forwarding": self.options.permitsX11Forwarding = true
        case "no-x11-forwarding": self.options.permitsX11Forwarding = false
        case "pty": self.options.permitsPTY = true
        case "no-pty": self.options.permitsPTY = false
        case "user-rc": self.options.permitsUserRC = true
        case "no-user-rc": self.options.permitsUserRC = false
        case "touch-required": self.options.requiresUserPresence = true
        case "no-touch-required": self.options.requiresUserPresence = false
        case "verify-required": self.options.requiresUserVerification = true
        case "no-verify-required": self.options.requiresUserVerification = false
        default: throw InvalidValue("the option \"\(name)\" is unknown")
        }
    }

    private mutating func setPortForwarding(_ isPermitted: Bool, _ name: String) {
        self.options.permitsPortForwarding = isPermitted
        self.options.portForwardingRule = Rule(file: self.file, line: self.line, text: name)
    }

    private mutating func setValue(_ name: String) throws {
        let value = try self.quotedValue(name)
        switch name {
        case "command":
            guard self.options.command == nil else { throw Self.repeated(name) }
            self.options.command = value
        case "principals":
            guard self.options.principals == nil else { throw Self.repeated(name) }
            self.options.principals = value.split(separator: ",").map(String.init)
        case "from":
            guard self.options.from == nil else { throw Self.repeated(name) }
            self.options.from = try HostPatternList(value)
        case "expiry-time":
            let time = try ExpiryTime.parse(value)
            self.options.expiryTime = min(time, self.options.expiryTime ?? time)
        case "permitlisten":
            self.options.permitListen.append(try self.permission(name, value, after: self.options.permitListen.count))
        case "permitopen":
            self.options.permitOpen.append(try self.permission(name, value, after: self.options.permitOpen.count))
        case "permitcallers":
            guard self.options.permitCallers == nil else { throw Self.repeated(name) }
            let rule = Rule(file: self.file, line: self.line, text: "\(name)=\"\(value)\"")
            self.options.permitCallers = try CallerList(value, rule: rule)
        case "permitcommand":
            guard self.options.permitCommands == .none else { throw Self.repeated(name) }
            let rule = Rule(file: self.file, line: self.line, text: "\(name)=\"\(value)\"")
            self.options.permitCommands = try PermittedCommands(value, rule: rule)
        case "permitstreamlocallisten":
            try self.options.permitStreamLocalListen.add(self.unixPaths(name, value))
        case "permitstreamlocalopen":
            try self.options.permitStreamLocalOpen.add(self.unixPaths(name, value))
        case "ratelimit":
            guard self.options.rateLimit == nil else { throw Self.repeated(name) }
            self.options.rateLimit = try RateLimit(words: value.split(separator: " ").map(String.init))
        case "environment":
            try Self.checkEnvironment(value)
            self.options.environment.append(value)
        case "tunnel":
            guard value.asciiLowercased == "any" || Int32(value).map({ $0 >= 0 }) ?? false else {
                throw InvalidValue("\"\(value)\" is not a tunnel device, expected a number or any")
            }
            self.options.tunnel = value
        default: throw InvalidValue("the option \"\(name)\" is unknown")
        }
    }

    private func permission(_ name: String, _ value: String, after count: Int) throws -> ForwardPermission {
        guard count < Self.permissionLimit else { throw InvalidValue("more than \(Self.permissionLimit) of \(name)") }
        let rule = Rule(file: self.file, line: self.line, text: "\(name)=\"\(value)\"")
        return try ForwardPermission(value, allowsBarePort: name == "permitlisten", rule: rule)
    }

    private func unixPaths(_ name: String, _ value: String) throws -> UnixPathPermission {
        let rule = Rule(file: self.file, line: self.line, text: "\(name)=\"\(value)\"")
        return try UnixPathPermission(value, rule: rule)
    }

    /// What stands between quotes; `\"` is a quote in it, and nothing else is an escape.
    private mutating func quotedValue(_ name: String) throws -> String {
        guard self.rest.popFirst() == UInt8(ascii: "\"") else {
            throw InvalidValue("the value of \(name) has no quote in front")
        }
        var value: [UInt8] = []
        while let byte = self.rest.popFirst() {
            if byte == UInt8(ascii: "\"") {
                guard self.rest.isEmpty || self.rest.first == UInt8(ascii: ",") else {
                    throw InvalidValue("something follows the value of \(name)")
                }
                return String(decoding: value, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\"), self.rest.first == UInt8(ascii: "\"") {
                self.rest.removeFirst()
                value.append(UInt8(ascii: "\""))
            } else {
                value.append(byte)
            }
        }
        throw InvalidValue("the value of \(name) has no quote at its end")
    }

    private static func checkEnvironment(_ value: String) throws {
        let parts = value.utf8.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        let isLegal = { (byte: UInt8) in
            byte == UInt8(ascii: "_") || (48...57).contains(byte) || (65...90).contains(byte & 0xdf) && byte < 128
        }
        guard parts.count == 2, !parts[0].isEmpty, parts[0].allSatisfy(isLegal) else {
            throw InvalidValue("\"\(value)\" is not NAME=value")
        }
    }

    private static func repeated(_ name: String) -> InvalidValue {
        InvalidValue("\(name)= stands there twice")
    }
}
