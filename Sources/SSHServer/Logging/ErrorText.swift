import Glibc
import NIOCore
import NIOPosix
import SSHForwarding
import SSHWire

/// Says what a system call or a name lookup had wrong, in the system's words.
enum ErrorText {
    static let unknownName = "Name or service not known"

    static func of(_ error: any Error) -> String {
        switch error {
        case let error as SSHError: error.reason
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case let error as NIOConnectionError: Self.of(error)
        case let error as NameFailure: error.reason
        case is SocketAddressError: Self.unknownName
        default: "\(error)"
        }
    }

    private static func of(_ error: NIOConnectionError) -> String {
        if let failed = error.connectionErrors.first { return Self.of(failed.error) }
        if let failure = error.dnsAError ?? error.dnsAAAAError { return Self.of(failure) }
        return "the connection failed"
    }

    /// Whether a target could not be dialled because nobody knows its name. That its name server does not answer is not that.
    static func isUnknownName(_ error: any Error) -> Bool { Self.nameFailure(error)?.isUnknownName ?? false }

    /// Whether a target could not be dialled because its name could not be looked up just now.
    static func isNameNotLookedUp(_ error: any Error) -> Bool {
        guard let error = error as? NIOConnectionError, error.connectionErrors.isEmpty else { return false }
        return (error.dnsAError ?? error.dnsAAAAError) != nil && !Self.isUnknownName(error)
    }

    private static func nameFailure(_ error: any Error) -> NameFailure? {
        guard let error = error as? NIOConnectionError else { return error as? NameFailure }
        guard error.connectionErrors.isEmpty else { return nil }
        return (error.dnsAError ?? error.dnsAAAAError) as? NameFailure
    }
}
