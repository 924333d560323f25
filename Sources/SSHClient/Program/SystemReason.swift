import Glibc
import NIOCore
import NIOPosix
import SSHSystem
import SSHWire

/// Says what a system call or a name lookup had wrong, in the system's words.
package enum SystemReason {
    package static func of(_ error: any Error) -> String {
        ErrorText.of(error) { error in
            switch error {
            case let failure as ConnectionFailure: failure.error.reason
            case let failure as ForwardFailure: failure.description
            case is NIOConnectionError: ErrorText.unknownName
            case ChannelError.connectTimeout: "\(SystemError(ETIMEDOUT))"
            default: "\(error)"
            }
        }
    }
}
