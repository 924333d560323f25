import NIOCore
import NIOPosix
import SSHWire

/// Says what a system call or a name lookup had wrong, in the system's words.
package enum ErrorText {
    package static let unknownName = "Name or service not known"

    /// - Parameter other: words for what is none of the system's errors, and for a connection that failed without any.
    package static func of(_ error: any Error, other: (any Error) -> String = Self.plain) -> String {
        switch error {
        case let error as SSHError: error.reason
        case let error as SystemError: "\(error)"
        case let error as IOError: "\(SystemError(error.errnoCode))"
        case let error as NIOConnectionError: Self.cause(of: error).map { Self.of($0, other: other) } ?? other(error)
        case let error as NameFailure: error.reason
        case is SocketAddressError: Self.unknownName
        default: other(error)
        }
    }

    package static func plain(_ error: any Error) -> String {
        error is NIOConnectionError ? "the connection failed" : "\(error)"
    }

    private static func cause(of error: NIOConnectionError) -> (any Error)? {
        error.connectionErrors.first?.error ?? error.dnsAError ?? error.dnsAAAAError
    }

    /// Whether a target could not be dialled because nobody knows its name. That its name server does not answer is not that.
    package static func isUnknownName(_ error: any Error) -> Bool { Self.nameFailure(error)?.isUnknownName ?? false }

    /// Whether a target could not be dialled because its name could not be looked up just now.
    package static func isNameNotLookedUp(_ error: any Error) -> Bool {
        guard let error = error as? NIOConnectionError, error.connectionErrors.isEmpty else { return false }
        return (error.dnsAError ?? error.dnsAAAAError) != nil && !Self.isUnknownName(error)
    }

    private static func nameFailure(_ error: any Error) -> NameFailure? {
        guard let error = error as? NIOConnectionError else { return error as? NameFailure }
        guard error.connectionErrors.isEmpty else { return nil }
        return (error.dnsAError ?? error.dnsAAAAError) as? NameFailure
    }
}
