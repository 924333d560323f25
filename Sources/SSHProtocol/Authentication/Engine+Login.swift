public import NIOCore
import SSHWire

extension Engine {
    /// Messages of service negotiation and authentication. Nothing of the connection protocol gets past here before
    /// login has succeeded (CVE-2025-32433), and no side may say what is the other's to say (CVE-2018-10933).
    mutating func handleLogin(_ number: MessageNumber, _ reader: WireReader) throws -> Event? {
        switch self.login {
        case .server(var authentication):
            defer { if case .server = self.login { self.login = .server(authentication) } }
            return try self.handleServerLogin(number, reader, &authentication)
        case .client(var authentication):
            defer { if case .client = self.login { self.login = .client(authentication) } }
            return try self.handleClientLogin(number, reader, &authentication)
        case .done:
            // RFC 4252 §5.1: further authentication requests after success are silently ignored.
            if self.configuration.role == .server, number == .userAuthenticationRequest { return nil }
            if self.configuration.role == .client, number == .userAuthenticationBanner { return nil }
            throw SSHError.protocolViolation("\(number) after login")
        }
    }

    private mutating func handleServerLogin(
        _ number: MessageNumber,
        _ reader: WireReader,
        _ authentication: inout ServerAuthentication
    ) throws -> Event? {
        let action: ServerAuthentication.Action
        switch number {
        case .serviceRequest:
            action = try authentication.receive(try ServiceRequest(payload: reader))
        case .userAuthenticationRequest:
            action = try authentication.receive(
                try UserAuthenticationRequest(payload: reader),
                session: self.transport.sessionIdentifier,
                hostKey: self.transport.hostKey
            )
        default:
            throw SSHError.protocolViolation("\(number) before login")
        }
        return try self.event(for: action, authentication)
    }

    /// Sends what an action says.
    private mutating func event(
        for action: ServerAuthentication.Action,
        _ authentication: ServerAuthentication
    ) throws -> Event? {
        switch action {
        case .none: return nil
        case .announce(let user): return .loginBegins(user: user)
        case .ask(let request): return .authenticationRequest(request)
        case .serviceAccept(let accept): try self.transport.send(accept)
        case .fail(let failure):
            try self.transport.send(failure)
            return .authenticationFailed(user: authentication.requestedUser ?? "")
        }
        return nil
    }

    /// Server: the answer to `Event.authenticationRequest`.
    ///
    /// - Parameters:
    ///   - isPartial: a signature by this key alone does not log in: the client is to go on with another key.
    ///   - isCounted: no if it is refused for a reason that has nothing to do with the client: it is no failed try.
    /// - Throws: `authenticationFailed` when that was one failed try too many.
    public mutating func answerAuthentication(
        isAllowed: Bool,
        isPartial: Bool = false,
        isCounted: Bool = true
    ) throws {
        guard case .server(var authentication) = self.login else {
            throw SSHError(.misuse, "a client does not answer authentication requests")
        }
        switch try authentication.answer(isAllowed: isAllowed, isPartial: isPartial, isCounted: isCounted) {
        case .publicKeyOK(let message):
            self.login = .server(authentication)
            try self.transport.send(message)
        case .fail(let message):
            self.login = .server(authentication)
            try self.transport.send(message)
        case .success:
            self.login = .done
            try self.transport.send(UserAuthenticationSuccess())
            self.transport.isAuthenticated = true
            self.events.append(.authenticated)
        }
    }

    /// Server: the answer to `Event.loginBegins`.
    ///
    /// - Parameter limits: nil for those of the configuration.
    public mutating func beginLogin(_ limits: LoginLimits? = nil) throws {
        guard case .server(var authentication) = self.login else {
            throw SSHError(.misuse, "a client begins its login by itself")
        }
        let action = try authentication.resume(
            limits,
            session: self.transport.sessionIdentifier,
            hostKey: self.transport.hostKey
        )
        self.login = .server(authentication)
        if let event = try self.event(for: action, authentication) { self.events.append(event) }
    }

    /// Server: shows people a text before they are logged in (RFC 4252 §5.4). A long one is sent in several messages, because
    /// not every client takes a packet of more than 35,000 bytes.
    ///
    /// - Throws: `misuse` unless somebody is logging in, or if the text is longer than `EngineLimits.banner`.
    public mutating func sendBanner(_ text: ByteBuffer) throws {
        guard case .server(let authentication) = self.login, authentication.maySendBanner else {
            throw SSHError(.misuse, "a banner belongs between the beginning and the end of a login")
        }
        guard text.readableBytes <= EngineLimits.banner else {
            throw SSHError(.misuse, "a banner has at most \(EngineLimits.banner) bytes")
        }
        var rest = text
        repeat {
            let piece = rest.readSlice(length: rest.bannerPieceLength(atMost: EngineLimits.bannerPiece)) ?? ByteBuffer()
            try self.transport.send(UserAuthenticationBanner(message: piece))
        } while rest.readableBytes > 0
    }

    private mutating func handleClientLogin(
        _ number: MessageNumber,
        _ reader: WireReader,
        _ authentication: inout ClientAuthentication
    ) throws -> Event? {
        let facts = self.transport.loginFacts
        switch number {
        case .serviceAccept:
            return try self.event(for: try authentication.receive(try ServiceAccept(payload: reader), facts))
        case .userAuthenticationPublicKeyOK:
            let answer = try UserAuthenticationPublicKeyOK(payload: reader)
            return try self.event(for: try authentication.receive(answer, facts))
        case .userAuthenticationFailure:
            let failure = try UserAuthenticationFailure(payload: reader)
            if let event = try self.event(for: try authentication.receive(failure, facts)) { self.events.append(event) }
            return .authenticationFailed(user: self.configuration.user)
        case .userAuthenticationBanner:
            return .banner(try UserAuthenticationBanner(payload: reader).message)
        case .userAuthenticationSuccess:
            _ = try UserAuthenticationSuccess(payload: reader)
            try authentication.receiveSuccess()
            self.login = .done
            self.transport.isAuthenticated = true
            return .authenticated
        default:
            throw SSHError.protocolViolation("\(number) before login")
        }
    }

    /// Does what an action of the client's says.
    mutating func event(for action: ClientAuthentication.Action) throws -> Event? {
        switch action {
        case .send(let request):
            try self.transport.send(request)
            return nil
        case .sign(let key, let algorithm, let bytes):
            let awaited = self.transport.awaitedSignatures.ask(for: .login, by: key, algorithm: algorithm, over: bytes)
            return .signatureWanted(awaited)
        }
    }

    /// Client: the answer to `Event.hostKey` when it is the right one.
    public mutating func acceptHostKey() throws {
        try self.transport.acceptHostKey()
    }
}

extension Transport {
    /// What a client's login goes by.
    var loginFacts: ClientAuthentication.Facts {
        ClientAuthentication.Facts(
            session: self.sessionIdentifier,
            hostKey: self.hostKey,
            extensions: self.peerExtensionInfo
        )
    }
}

extension ByteBuffer {
    /// How much of a text to send next: up to the last line's end that fits, or else between two characters of UTF-8, as clients
    /// show each piece by itself.
    fileprivate func bannerPieceLength(atMost limit: Int) -> Int {
        guard self.readableBytes > limit else { return self.readableBytes }
        let bytes = self.readableBytesView
        let end = bytes.index(bytes.startIndex, offsetBy: limit)
        if let newline = bytes[..<end].lastIndex(of: UInt8(ascii: "\n")) { return newline + 1 - bytes.startIndex }
        // A character has at most four bytes, of which all but the first are 0b10xxxxxx.
        let start = (0..<4).lazy.map { end - $0 }.first { bytes[$0] & 0b1100_0000 != 0b1000_0000 }
        return (start ?? end) - bytes.startIndex
    }
}
