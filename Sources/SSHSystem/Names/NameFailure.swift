import Glibc

/// Why a name has no addresses, or an address no name.
package struct NameFailure: Error, Hashable, Sendable {
    /// In the system's words.
    package let reason: String
    /// There is no such name, or it has no address. If not, somebody who knows it did not answer, and may do so later.
    package let isUnknownName: Bool
    /// It says nothing of the name: who knows it is away, or we are short of something.
    package let isPassing: Bool

    /// glibc's EAI_NODATA and EAI_ADDRFAMILY: there is such a name, and it has no addresses, or none of that kind.
    private static let noAddress: Set<Int32> = [-5, -9]

    /// - Parameters:
    ///   - status: of getaddrinfo(3) or getnameinfo(3).
    ///   - errorNumber: what the system said; it counts where the status is EAI_SYSTEM.
    package init(status: Int32, errorNumber: Int32) {
        self.isUnknownName = status == EAI_NONAME || Self.noAddress.contains(status)
        self.isPassing = [EAI_AGAIN, EAI_FAIL, EAI_MEMORY, EAI_SYSTEM].contains(status)
        self.reason = status == EAI_SYSTEM ? "\(SystemError(errorNumber))" : String(cString: gai_strerror(status))
    }
}
