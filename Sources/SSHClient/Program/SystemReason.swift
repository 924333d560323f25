import Glibc
import NIOCore
import NIOPosix
import SSHForwarding
import SSHWire

/// Says what a system call or a name lookup had wrong, in the system's words.
package enum SystemReason {
    package static func of(_ error: any Error) -> String {
        switch error {
        case let error as SSHError: return error.reason
        case let failure as ConnectionFailure: return failure.error.reason
        case let failure as ForwardFailure: return failure.description
        case let error as SystemError: return error.description
        case let error as IOError: return SystemError(error.errnoCode).description
        case let error as NIOConnectionError:
            if let failed = error.connectionErrors.first { return Self.of(failed.error) }
            guard let failure = error.dnsAError ?? error.dnsAAAAError else { return "Name or service not known" }
            return Self.of(failure)
        case let error as NameFailure: return error.reason
        case ChannelError.connectTimeout: return SystemError(ETIMEDOUT).description
        case is SocketAddressError: return "Name or service not known"
        default: return "\(error)"
        }
    }
}
