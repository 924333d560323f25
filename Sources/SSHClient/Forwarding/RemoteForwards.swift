import NIOCore
import SSHWire

/// What was asked of the server with tcpip-forward and streamlocal-forward, and what of it stands (RFC 4254 §7.1).
///
/// A forwarded-tcpip or forwarded-streamlocal channel is accepted only if it names a listener in here (CVE-2026-81535).
struct RemoteForwards {
    /// A listener on the server, as requests and channels name it.
    enum Listener: Hashable {
        case port(ForwardAddress)
        case path(String)
    }

    /// The server's answer to one request.
    enum Answer: Equatable {
        /// - Parameter port: the one asked for, or the one that the server chose; nil for a Unix socket.
        case listening(ForwardSpecification, port: UInt16?)
        case refused(ForwardSpecification)
        /// It is no answer to a request for a forward.
        case unrelated
    }

    private var awaited: [UInt64: ForwardSpecification] = [:]
    private var live: [Listener: ForwardTarget] = [:]

    /// The request of that number was sent.
    mutating func requested(_ specification: ForwardSpecification, number: UInt64) {
        self.awaited[number] = specification
    }

    /// - Parameter success: the reply's data, or nil for no.
    mutating func answered(_ number: UInt64, success: ByteBuffer?) -> Answer {
        guard let specification = self.awaited.removeValue(forKey: number) else { return .unrelated }
        guard let success, let listener = Listener(specification.listen).granted(by: success) else {
            return .refused(specification)
        }
        self.live[listener] = specification.target
        return .listening(specification, port: listener.port)
    }

    /// Where a connection to one of the server's listeners leads; nil if nobody asked for that listener.
    func target(of listener: Listener) -> ForwardTarget? {
        self.live[listener]
    }
}

extension RemoteForwards.Listener {
    /// What the server is asked for.
    init(_ endpoint: ListenEndpoint) {
        switch endpoint {
        case .port(let bindAddress, let port):
            self = .port(ForwardAddress(host: bindAddress.requestedAddress, port: UInt32(port)))
        case .path(let path):
            self = .path(path)
        }
    }

    /// The listener that the server says somebody connected to; nil if the channel is of another kind.
    init?(of kind: ChannelOpen.Kind) {
        switch kind {
        case .forwardedTCPIP(let addresses):
            self = .port(ForwardAddress(host: addresses.host, port: addresses.port))
        case .forwardedStreamLocal(let path):
            self = .path(path)
        case .session, .directTCPIP, .directStreamLocal, .other:
            return nil
        }
    }

    var request: GlobalRequest.Request {
        switch self {
        case .port(let address): .tcpipForward(address)
        case .path(let path): .streamLocalForward(path: path)
        }
    }

    var cancellation: GlobalRequest.Request {
        switch self {
        case .port(let address): .cancelTCPIPForward(address)
        case .path(let path): .cancelStreamLocalForward(path: path)
        }
    }

    /// Nil for a Unix socket.
    var port: UInt16? {
        guard case .port(let address) = self else { return nil }
        return UInt16(exactly: address.port)
    }

    /// What the server granted: with port 0, it says which one it chose.
    ///
    /// - Returns: nil if that is no port, which is as good as a refusal.
    func granted(by success: ByteBuffer) -> RemoteForwards.Listener? {
        guard case .port(var address) = self else { return self }
        if address.port == 0 {
            var reader = WireReader(success)
            guard let port = try? reader.readUInt32() else { return nil }
            address.port = port
        }
        guard let port = UInt16(exactly: address.port), port > 0 else { return nil }
        return .port(address)
    }
}

extension RemoteForwards.Listener: CustomStringConvertible {
    var description: String {
        switch self {
        case .port(let address): "\(address.host) port \(address.port)"
        case .path(let path): "path \(path)"
        }
    }
}
