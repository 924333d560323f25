import Glibc
import NIOCore
import NIOPosix
import SSHWire

/// Says what a system call or a name lookup had wrong, in the system's words.
enum ErrorText {
    static let unknownName = "Name or service not known"

    static func of(_ error: any Error) -> String {
        switch error {
        case let error as SSHError: error.reason
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case let error as NIOConnectionError: Self.of(error)
        case is SocketAddressError: Self.unknownName
        default: "\(error)"
        }
    }

    private static func of(_ error: NIOConnectionError) -> String {
        if let failed = error.connectionErrors.first { return Self.of(failed.error) }
        if error.dnsAError != nil || error.dnsAAAAError != nil { return Self.unknownName }
        return "the connection failed"
    }
}
