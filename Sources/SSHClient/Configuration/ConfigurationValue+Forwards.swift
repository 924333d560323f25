import SSHWire

extension ConfigurationValue {
    typealias Change = @Sendable (inout ConfigurationOptions) -> Void

    static func localForward(_ line: inout ConfigurationLine, _ context: ConfigurationContext) throws -> Change {
        let listen = try line.next()
        guard let target = line.nextIfAny(), !target.isEmpty else { throw line.failure("Missing target argument.") }
        let forward = try Self.forward("\(listen):\(target)", line, context) {
            ForwardSpecification.parse($0, dynamic: false, allowPortZero: false)
        }
        return { $0.localForwards.appendIfNew(forward) }
    }

    /// With one argument alone it is a remote dynamic forward.
    static func remoteForward(_ line: inout ConfigurationLine, _ context: ConfigurationContext) throws -> Change {
        var text = try line.next()
        let target = line.nextIfAny() ?? ""
        if !target.isEmpty { text += ":" + target }
        let forward = try Self.forward(text, line, context) {
            ForwardSpecification.parse($0, dynamic: target.isEmpty, allowPortZero: true)
        }
        return { $0.remoteForwards.appendIfNew(forward) }
    }

    static func dynamicForward(_ line: inout ConfigurationLine, _ context: ConfigurationContext) throws -> Change {
        let forward = try Self.forward(try line.next(), line, context) {
            ForwardSpecification.parse($0, dynamic: true, allowPortZero: false)
        }
        return { $0.dynamicForwards.appendIfNew(forward) }
    }

    private static func forward(
        _ text: String,
        _ line: ConfigurationLine,
        _ context: ConfigurationContext,
        parse: (String) -> ForwardSpecification?
    ) throws -> ForwardSpecification {
        guard let forward = parse(try TokenExpansion.variables(text, in: context.environment)) else {
            throw line.failure("Bad forwarding specification '\(text)'.")
        }
        return forward
    }

    /// `ProxyJump none` keeps later ProxyJump lines out, but in OpenSSH not a later ProxyCommand.
    static func proxyJump(_ line: inout ConfigurationLine, _ context: ConfigurationContext) throws -> Change {
        // ssh gives the rest of the line to a shell, which takes quotes and blanks away.
        let written = try line.takeRest()
        let text = Self.unquoted(written.prefix { $0 != "#" })
        guard let hosts = try? JumpHost.parseList(text) else { throw line.failure("Invalid ProxyJump \"\(written)\"") }
        return { options in
            guard options.proxy == nil, !options.isProxyJumpNone else { return }
            if hosts.isEmpty {
                options.isProxyJumpNone = true
            } else {
                options.proxy = .jump(hosts)
            }
        }
    }

    private static func unquoted(_ text: some StringProtocol) -> String {
        text.split(separator: ",", omittingEmptySubsequences: false).map { item in
            String(item.filter { $0 != "\"" && $0 != "'" }.drop(while: \.isWhitespace)).trimmingTrailingBlanks
        }.joined(separator: ",")
    }

    static func proxyCommand(_ line: inout ConfigurationLine) throws -> ProxyMethod {
        let command = try line.takeRest()
        return command.lowercased() == "none" ? .direct : .command(command)
    }

    /// The value may hold a password, so that no message repeats it.
    static func proxySetting(_ line: inout ConfigurationLine) throws -> ProxySetting {
        guard let setting = ProxySetting(try line.next()) else {
            let forms = "socks5:// or http://, [user:password@], host[:port]; or environment, or none"
            throw line.failure("bad \(line.keyword), expected \(forms)")
        }
        return setting
    }
}

extension [ForwardSpecification] {
    mutating func appendIfNew(_ forward: ForwardSpecification) {
        if !self.contains(forward) { self.append(forward) }
    }
}

extension String {
    fileprivate var trimmingTrailingBlanks: String {
        String(self.reversed().drop(while: \.isWhitespace).reversed())
    }
}
