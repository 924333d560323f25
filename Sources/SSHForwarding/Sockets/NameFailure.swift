import Glibc

/// Why a name has no addresses.
public struct NameFailure: Error, Hashable, Sendable {
    /// In the system's words.
    public let reason: String
    /// There is no such name, or it has no address. If not, somebody who knows it did not answer, and may do so later.
    public let isUnknownName: Bool

    /// glibc's EAI_NODATA and EAI_ADDRFAMILY: there is such a name, and it has no addresses, or none of that kind.
    private static let noAddress: Set<Int32> = [-5, -9]

    /// - Parameters:
    ///   - status: of getaddrinfo(3).
    ///   - errorNumber: what the system said; it counts where the status is EAI_SYSTEM.
    public init(status: Int32, errorNumber: Int32) {
        self.isUnknownName = status == EAI_NONAME || Self.noAddress.contains(status)
        self.reason =
            status == EAI_SYSTEM
            ? strerror(errorNumber).map { String(cString: $0) } ?? "" : String(cString: gai_strerror(status))
    }
}
