import NIOCore
import SSHCrypto
import SSHWire

/// The client's side of HTTP's CONNECT (RFC 9110 §9.3.6).
struct HTTPConnectNegotiation: ProxyNegotiation {
    /// Of the status line and all header fields, in bytes.
    static let longestHead = 16 * 1024
    private static let beginning = Array("HTTP/1.".utf8)

    private let request: String
    private let hasLogin: Bool
    private var head = ByteBuffer()
    /// Of the line that is not complete yet, without its end.
    private var lineLength = 0

    init(to host: String, port: UInt16, login: ProxyServer.Login?) throws {
        // A line that somebody else wrote must not become two.
        guard SOCKSAddress.hostName(Array(host.utf8)) != nil else {
            throw SSHError(.invalidConfiguration, "a proxy cannot be asked for the host \"\(host)\"")
        }
        let place = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        let authorization = login.map {
            "Proxy-Authorization: Basic \(Base64.encode("\($0.user):\($0.password)".utf8))\r\n"
        }
        self.request = "CONNECT \(place) HTTP/1.1\r\nHost: \(place)\r\n\(authorization ?? "")\r\n"
        self.hasLogin = login != nil
    }

    mutating func start() -> ByteBuffer { ByteBuffer(string: self.request) }

    mutating func receive(_ bytes: ByteBuffer) throws -> ProxyAction {
        var bytes = bytes
        while let byte: UInt8 = bytes.readInteger() {
            guard self.head.readableBytes < Self.longestHead else {
                throw SSHError.proxyFailure("the proxy's answer is longer than \(Self.longestHead) bytes")
            }
            self.head.writeInteger(byte)
            try self.checkBeginning()
            switch byte {
            case UInt8(ascii: "\n"):
                if self.lineLength == 0 { return try self.answered(bytes) }
                self.lineLength = 0
            case UInt8(ascii: "\r"): break
            default: self.lineLength += 1
            }
        }
        return .needMore
    }

    /// At once: whatever else listens there may never send an empty line.
    private func checkBeginning() throws {
        let length = min(self.head.readableBytes, Self.beginning.count)
        guard self.head.readableBytesView.prefix(length).elementsEqual(Self.beginning.prefix(length)) else {
            throw SSHError.proxyFailure("the proxy's answer is not HTTP")
        }
    }

    private func answered(_ rest: ByteBuffer) throws -> ProxyAction {
        let line = self.head.readableBytesView.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, words[0].count == Self.beginning.count + 1, words[1].count == 3,
            words[1].allSatisfy({ (0x30...0x39).contains($0) }),
            let status = Int(String(decoding: words[1], as: UTF8.self))
        else { throw SSHError.proxyFailure("the proxy's answer is not HTTP") }
        switch status {
        // RFC 9110 §9.3.6: whatever the header fields say, the tunnel begins behind them.
        case 200..<300: return .connected(rest)
        // tinyproxy answers a wrong password with 401.
        case 401, 407:
            let what = self.hasLogin ? "refused the login" : "wants a login"
            throw SSHError.proxyLogin("the proxy \(what) (\(status))")
        case 502: throw SSHError.proxyFailure("the proxy cannot reach the host (502 Bad Gateway)")
        case 503: throw SSHError.proxyFailure("the proxy cannot reach the host (503 Service Unavailable)")
        case 504: throw SSHError.proxyFailure("the proxy cannot reach the host (504 Gateway Timeout)")
        case 500..<600: throw SSHError.proxyFailure("the proxy failed (\(status))")
        case 403: throw SSHError.proxyRefusal("the proxy refused (403 Forbidden)")
        default: throw SSHError.proxyRefusal("the proxy refused (\(status))")
        }
    }
}
