import NIOCore

/// SOCKS 4, and 4a, which carries a host name after an address of the form 0.0.0.x.
enum SOCKS4 {
    private static let textLimit = 255

    /// Reads what follows the version byte.
    static func request(_ input: inout SOCKSInput) -> SOCKSNegotiation.Action {
        guard let command = input.byte(), let port = input.port(), let address = input.bytes(4) else {
            return .needMore
        }
        guard command == 1 else { return Self.refuse("SOCKS 4 command \(command) is not supported; only CONNECT is") }
        // The user's name proves nothing and is not used.
        switch input.terminated(limit: Self.textLimit) {
        case .incomplete: return .needMore
        case .tooLong: return Self.refuse("a SOCKS 4 user name is too long")
        case .text: break
        }
        let host: String
        if address[..<3] == [0, 0, 0], address[3] != 0 {
            switch input.terminated(limit: Self.textLimit) {
            case .incomplete: return .needMore
            case .tooLong: return Self.refuse("a SOCKS 4a host name is too long")
            case .text(let name):
                guard let name = SOCKSAddress.hostName(name) else {
                    return Self.refuse("a SOCKS 4a host name is no name")
                }
                host = name
            }
        } else {
            host = SOCKSAddress.ipv4(address)
        }
        guard port != 0 else { return Self.refuse("a SOCKS 4 request is for port 0") }
        return .connect(SOCKSRequest(version: .socks4, host: host, port: port, remainder: input.rest))
    }

    static func reply(granted: Bool) -> ByteBuffer {
        ByteBuffer(bytes: [0, granted ? 0x5a : 0x5b, 0, 0, 0, 0, 0, 0])
    }

    private static func refuse(_ reason: String) -> SOCKSNegotiation.Action {
        .refuse(Self.reply(granted: false), reason: reason)
    }
}
