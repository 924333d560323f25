package import NIOCore

/// What a SOCKS client asked for, and the answers it can be given.
package struct SOCKSRequest: Hashable, Sendable {
    package enum Version: Hashable, Sendable { case socks4, socks5 }

    package let version: Version
    /// A name, to be resolved at the far end, or an IP address as text.
    package let host: String
    package let port: UInt16
    /// Bytes that followed the request at once: the first ones for the target.
    package let remainder: ByteBuffer

    /// The connection is open; bytes flow after this.
    package func successReply() -> ByteBuffer {
        switch self.version {
        case .socks4: SOCKS4.reply(granted: true)
        case .socks5: SOCKS5.reply(0)
        }
    }

    /// The connection could not be opened; close after this.
    package func failureReply(_ failure: SOCKSFailure) -> ByteBuffer {
        switch self.version {
        case .socks4: SOCKS4.reply(granted: false)
        case .socks5: SOCKS5.reply(failure.rawValue)
        }
    }
}

/// Why there is no connection (RFC 1928 §6); SOCKS 4 has one code for all.
package enum SOCKSFailure: UInt8, CaseIterable, Sendable {
    case general = 1
    case notAllowed = 2
    case networkUnreachable = 3
    case hostUnreachable = 4
    case connectionRefused = 5
    case timeToLiveExpired = 6
    case commandNotSupported = 7
    case addressTypeNotSupported = 8

    /// - Parameter reasonCode: of SSH_MSG_CHANNEL_OPEN_FAILURE (RFC 4254 §5.1).
    package init(channelOpenFailure reasonCode: UInt32) {
        switch reasonCode {
        case 1: self = .notAllowed
        // SSH does not tell a refused connection from a name that is not found.
        case 2: self = .hostUnreachable
        default: self = .general
        }
    }
}
