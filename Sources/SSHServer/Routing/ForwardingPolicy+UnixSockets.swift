import SSHConfiguration

/// Unix sockets: closed until AllowStreamLocalForwarding opens them and a list names the path.
extension ForwardingPolicy {
    /// Whether the client may have a listener on this path, judged on the path as it was requested.
    ///
    /// - Parameter account: with its home and user id, if `needsUnixAccount`.
    public func mayListen(path: String, for account: Account) -> Decision {
        self.judge(
            path,
            for: account,
            .remote,
            configured: self.settings.$permitStreamLocalListen,
            ofKey: self.key.options.permitStreamLocalListen,
            otherwise: "no PermitStreamLocalListen and no permitstreamlocallisten= names a path"
        )
    }

    /// Whether the client may be connected to this path, judged on the path as it was requested.
    ///
    /// - Parameter account: with its home and user id, if `needsUnixAccount`.
    public func mayOpen(path: String, for account: Account) -> Decision {
        self.judge(
            path,
            for: account,
            .local,
            configured: self.settings.$permitStreamLocalOpen,
            ofKey: self.key.options.permitStreamLocalOpen,
            otherwise: "no PermitStreamLocalOpen and no permitstreamlocalopen= names a path"
        )
    }

    /// Whether some pattern asks for the account's home or user id, which the system must be asked for.
    public var needsUnixAccount: Bool {
        [
            self.settings.permitStreamLocalListen, self.settings.permitStreamLocalOpen,
            self.key.options.permitStreamLocalListen, self.key.options.permitStreamLocalOpen,
        ].contains { $0.contains(where: \.needsUnixAccount) }
    }

    /// StreamLocalBindMask: the permission bits that a listener's file does not get.
    var streamLocalBindMask: UInt32 { self.settings.streamLocalBindMask }

    /// StreamLocalBindUnlink: whether a socket's file that stands in the way is removed.
    var streamLocalBindUnlink: Bool { self.settings.streamLocalBindUnlink }

    /// Every list that there is must permit, and there must be one; the key's rule is the one to name, being the narrower.
    private func judge(
        _ text: String,
        for account: Account,
        _ direction: TCPForwarding,
        configured: Setting<[UnixPathPermission]>,
        ofKey permissions: [UnixPathPermission],
        otherwise noList: String
    ) -> Decision {
        let general = self.judgeForwarding(
            direction,
            self.settings.$allowStreamLocalForwarding,
            otherwise: "AllowStreamLocalForwarding no"
        )
        guard general.isPermitted else { return general }
        let path: UnixPath
        do {
            path = try UnixPath(text)
        } catch {
            return .refused(by: .builtIn((error as? InvalidValue)?.reason ?? "\(error)"))
        }
        // Who reaches the control socket ends connections: a wildcard does not mean that, nor does a policy that names no rule.
        let isControlSocket = self.controlSocket?.isReached(by: path) ?? false
        if let ruled = self.ruled {
            guard !isControlSocket else { return .refused(by: .builtIn(Self.onlyLiteral)) }
            return direction == .remote
                ? ruled.decision(onListening: .path(text)) : ruled.decision(onOpening: .path(text))
        }
        guard configured.rule != nil || !permissions.isEmpty else { return .refused(by: .builtIn(noList)) }
        let permits = { (permission: UnixPathPermission) in
            permission.permits(path, for: account) && (permission.isLiteral || !isControlSocket)
        }
        var permitted = general
        if let rule = configured.rule {
            guard let permission = configured.wrappedValue.first(where: permits) else {
                return .refused(by: isControlSocket ? rule.because(Self.onlyLiteral) : rule)
            }
            permitted = .permitted(by: permission.rule)
        }
        guard let first = permissions.first else { return permitted }
        guard let permission = permissions.first(where: permits) else {
            let text = Self.summary(of: permissions.map(\.rule))
            let rule = Rule(file: first.rule.file, line: first.rule.line, text: text)
            return .refused(by: isControlSocket ? rule.because(Self.onlyLiteral) : rule)
        }
        return .permitted(by: permission.rule)
    }

    private static let onlyLiteral = "that is the relay's control socket, which a rule has to name in full"
}
