import Glibc

/// How many descriptors this process may have.
package enum DescriptorLimit {
    /// For files, and for connections before they are anybody's.
    private static let reserve = 64

    /// What its clients' sockets can have of them.
    package static var current: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 - Self.reserve }
        return max(Int(clamping: limit.rlim_cur) - Self.reserve, Self.reserve)
    }

    /// As many as the system lets this process have. Each tunnel holds some, so that the usual limit of 1,024 would be that of tunnels.
    package static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
