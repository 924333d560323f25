public import NIOCore

/// SSH_MSG_GLOBAL_REQUEST (RFC 4254 §4), with the fields of the requests that are known here.
public struct GlobalRequest: WireMessage, Equatable {
    public enum Request: Sendable, Equatable {
        /// RFC 4254 §7.1.
        case tcpipForward(ForwardAddress)
        case cancelTCPIPForward(ForwardAddress)
        /// OpenSSH's PROTOCOL §2.4: listen on that Unix socket.
        case streamLocalForward(path: String)
        case cancelStreamLocalForward(path: String)
        /// Any other, with its fields unread.
        case other(name: String, data: ByteBuffer)
    }

    public static let number = MessageNumber.globalRequest
    /// OpenSSH's: any answer to it is a sign of life.
    public static let keepalive = "keepalive@openssh.com"
    public var request: Request
    public var wantReply: Bool

    public init(_ request: Request, wantReply: Bool) {
        self.request = request
        self.wantReply = wantReply
    }

    public init(from reader: inout WireReader) throws {
        // Most requests are this one: its name needs no memory of its own.
        let name = try reader.readText(limit: 256, expected: Self.keepalive)
        self.wantReply = try reader.readBoolean()
        switch name {
        case "tcpip-forward":
            self.request = .tcpipForward(try ForwardAddress(from: &reader))
        case "cancel-tcpip-forward":
            self.request = .cancelTCPIPForward(try ForwardAddress(from: &reader))
        case "streamlocal-forward@openssh.com":
            self.request = .streamLocalForward(path: try reader.readHost())
        case "cancel-streamlocal-forward@openssh.com":
            self.request = .cancelStreamLocalForward(path: try reader.readHost())
        default:
            self.request = .other(name: name, data: reader.readRemaining())
        }
    }

    public func write(to writer: inout WireWriter) {
        writer.writeText(self.name)
        writer.writeBoolean(self.wantReply)
        switch self.request {
        case .tcpipForward(let address), .cancelTCPIPForward(let address):
            address.write(to: &writer)
        case .streamLocalForward(let path), .cancelStreamLocalForward(let path):
            writer.writeText(path)
        case .other(_, let data):
            writer.writeBytes(data)
        }
    }

    public var name: String {
        switch self.request {
        case .tcpipForward: "tcpip-forward"
        case .cancelTCPIPForward: "cancel-tcpip-forward"
        case .streamLocalForward: "streamlocal-forward@openssh.com"
        case .cancelStreamLocalForward: "cancel-streamlocal-forward@openssh.com"
        case .other(let name, _): name
        }
    }
}

/// The address and port of a tcpip-forward request, exactly as the peer wrote them (RFC 4254 §7.1).
public struct ForwardAddress: Sendable, Hashable {
    public var host: String
    /// Not yet checked against 65535: policy judges it.
    public var port: UInt32

    public init(host: String, port: UInt32) {
        self.host = host
        self.port = port
    }

    init(from reader: inout WireReader) throws {
        self.host = try reader.readHost()
        self.port = try reader.readUInt32()
    }

    func write(to writer: inout WireWriter) {
        writer.writeText(self.host)
        writer.writeUInt32(self.port)
    }
}

/// SSH_MSG_REQUEST_SUCCESS (RFC 4254 §4).
public struct RequestSuccess: WireMessage, Equatable {
    public static let number = MessageNumber.requestSuccess
    public var data: ByteBuffer

    public init(data: ByteBuffer = ByteBuffer()) {
        self.data = data
    }

    public init(from reader: inout WireReader) throws {
        self.data = reader.readRemaining()
    }

    public func write(to writer: inout WireWriter) {
        writer.writeBytes(self.data)
    }
}

/// SSH_MSG_REQUEST_FAILURE (RFC 4254 §4).
public struct RequestFailure: EmptyWireMessage, Equatable {
    public static let number = MessageNumber.requestFailure

    public init() {}
}
