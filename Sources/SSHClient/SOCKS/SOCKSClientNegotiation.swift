import NIOCore
import SSHConfiguration
import SSHWire

/// The client's side of SOCKS 5 (RFC 1928), with a name and a password if need be (RFC 1929).
struct SOCKSClientNegotiation: ProxyNegotiation {
    private enum State {
        case awaitingMethod, awaitingLogin, awaitingConnection
    }

    private let request: ByteBuffer
    private let login: ProxyServer.Login?
    private var state = State.awaitingMethod
    private var buffer = ByteBuffer()

    /// - Throws: `invalidConfiguration` for a name that has no room in a request.
    init(to host: String, port: UInt16, login: ProxyServer.Login?) throws {
        var request = ByteBuffer(bytes: [5, 1, 0])
        if let address = IPAddress(host), address.scope.isEmpty {
            request.writeInteger(UInt8(address.bytes.count == 4 ? 1 : 4))
            request.writeBytes(address.bytes)
        } else {
            let name = Array(host.utf8)
            guard SOCKSAddress.hostName(name) != nil, let length = UInt8(exactly: name.count) else {
                throw SSHError(.invalidConfiguration, "a proxy cannot be asked for the host \"\(host)\"")
            }
            request.writeInteger(3 as UInt8)
            request.writeInteger(length)
            request.writeBytes(name)
        }
        request.writeInteger(port)
        self.request = request
        self.login = login
    }

    func start() -> ByteBuffer {
        ByteBuffer(bytes: self.login == nil ? [5, 1, 0] : [5, 2, 0, 2])
    }

    mutating func receive(_ bytes: ByteBuffer) throws -> ProxyAction {
        // No answer that is incomplete has more than 261 bytes: each state takes what it has room for.
        self.buffer.writeImmutableBuffer(bytes)
        var input = SOCKSInput(self.buffer)
        let action: ProxyAction
        switch self.state {
        case .awaitingMethod: action = try self.method(&input)
        case .awaitingLogin: action = try self.loggedIn(&input)
        case .awaitingConnection: action = try self.connected(&input)
        }
        if case .send = action { self.buffer = input.rest }
        return action
    }

    private mutating func method(_ input: inout SOCKSInput) throws -> ProxyAction {
        guard let version = input.byte() else { return .needMore }
        guard version == 5 else { throw SSHError.proxyFailure("the proxy's answer is not SOCKS 5") }
        guard let method = input.byte() else { return .needMore }
        switch (method, self.login) {
        case (0, _):
            self.state = .awaitingConnection
            return .send(self.request)
        case (2, let login?):
            self.state = .awaitingLogin
            return .send(try Self.message(login))
        case (0xff, nil): throw SSHError.proxyLogin("the proxy wants a login")
        case (0xff, _): throw SSHError.proxyLogin("the proxy takes no login with a password")
        default: throw SSHError.proxyFailure("the proxy chose a way to log in that was not offered (\(method))")
        }
    }

    private static func message(_ login: ProxyServer.Login) throws -> ByteBuffer {
        var message = ByteBuffer(bytes: [1])
        for text in [login.user, login.password] {
            guard let length = UInt8(exactly: text.utf8.count) else {
                throw SSHError(.invalidConfiguration, "the proxy's user or password has more than 255 bytes")
            }
            message.writeInteger(length)
            message.writeString(text)
        }
        return message
    }

    private mutating func loggedIn(_ input: inout SOCKSInput) throws -> ProxyAction {
        guard let version = input.byte(), let status = input.byte() else { return .needMore }
        guard version == 1 else { throw SSHError.proxyFailure("the proxy's answer to the login is not SOCKS 5") }
        guard status == 0 else { throw SSHError.proxyLogin("the proxy refused the login") }
        self.state = .awaitingConnection
        return .send(self.request)
    }

    private func connected(_ input: inout SOCKSInput) throws -> ProxyAction {
        guard let version = input.byte() else { return .needMore }
        guard version == 5 else { throw SSHError.proxyFailure("the proxy's answer is not SOCKS 5") }
        guard let status = input.byte() else { return .needMore }
        guard status == 0 else { throw Self.failure(status) }
        guard input.byte() != nil, let kind = input.byte() else { return .needMore }
        let length: Int
        switch kind {
        case 1: length = 4
        case 4: length = 16
        case 3:
            guard let count = input.byte() else { return .needMore }
            length = Int(count)
        default: throw SSHError.proxyFailure("the proxy's answer has an address of no known kind (\(kind))")
        }
        guard input.bytes(length) != nil, input.port() != nil else { return .needMore }
        return .connected(input.rest)
    }

    private static func failure(_ status: UInt8) -> SSHError {
        switch SOCKSFailure(rawValue: status) {
        case .notAllowed: .proxyRefusal("the proxy refused: its rules do not allow it")
        case .networkUnreachable: .proxyFailure("the proxy answered: Network is unreachable")
        case .hostUnreachable: .proxyFailure("the proxy answered: No route to host")
        case .connectionRefused: .proxyFailure("the proxy answered: Connection refused")
        case .timeToLiveExpired: .proxyFailure("the proxy answered: Connection timed out")
        case .commandNotSupported, .addressTypeNotSupported:
            .proxyRefusal("the proxy refused: it does not support the request (\(status))")
        case .general, nil: .proxyFailure("the proxy failed (\(status))")
        }
    }
}
