import NIOCore

/// SOCKS 5 (RFC 1928), without authentication.
enum SOCKS5 {
    /// Reads the methods after the version byte and picks "no authentication".
    static func greeting(_ input: inout SOCKSInput) -> SOCKSNegotiation.Action {
        guard let count = input.byte(), let methods = input.bytes(Int(count)) else { return .needMore }
        guard methods.contains(0) else {
            return .refuse(ByteBuffer(bytes: [5, 0xff]), reason: "a SOCKS 5 client insists on authentication")
        }
        return .reply(ByteBuffer(bytes: [5, 0]))
    }

    static func request(_ input: inout SOCKSInput) -> SOCKSNegotiation.Action {
        guard let version = input.byte() else { return .needMore }
        guard version == 5 else { return Self.refuse(.general, "a SOCKS 5 request has version \(version)") }
        // The reserved byte is not looked at: clients put anything there.
        guard let command = input.byte(), input.byte() != nil, let addressType = input.byte() else { return .needMore }
        guard command == 1 else {
            return Self.refuse(.commandNotSupported, "SOCKS 5 command \(command) is not supported; only CONNECT is")
        }
        let host: String
        switch addressType {
        case 1:
            guard let address = input.bytes(4) else { return .needMore }
            host = SOCKSAddress.ipv4(address)
        case 3:
            guard let length = input.byte(), let name = input.bytes(Int(length)) else { return .needMore }
            guard let name = SOCKSAddress.hostName(name) else {
                return Self.refuse(.general, "a SOCKS 5 host name is no name")
            }
            host = name
        case 4:
            guard let address = input.bytes(16) else { return .needMore }
            host = SOCKSAddress.ipv6(address)
        default:
            return Self.refuse(.addressTypeNotSupported, "SOCKS 5 address type \(addressType) is not supported")
        }
        guard let port = input.port() else { return .needMore }
        guard port != 0 else { return Self.refuse(.general, "a SOCKS 5 request is for port 0") }
        return .connect(SOCKSRequest(version: .socks5, host: host, port: port, remainder: input.rest))
    }

    /// The bound address is left zero, as OpenSSH leaves it: the far end's address is not known here.
    static func reply(_ code: UInt8) -> ByteBuffer {
        ByteBuffer(bytes: [5, code, 0, 1, 0, 0, 0, 0, 0, 0])
    }

    private static func refuse(_ failure: SOCKSFailure, _ reason: String) -> SOCKSNegotiation.Action {
        .refuse(Self.reply(failure.rawValue), reason: reason)
    }
}
