import Glibc

/// How many descriptors this process may have.
package enum DescriptorLimit {
    private static let leastReserve = 64

    /// How many this process may have.
    private static var all: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        return Int(clamping: limit.rlim_cur)
    }

    /// For files, and for sockets that have been accepted and not counted yet.
    package static var reserve: Int { max(Self.leastReserve, Self.all / 64) }

    /// What its clients' sockets can have of them.
    package static var current: Int { max(Self.all - Self.reserve, Self.leastReserve) }

    /// As many as the system lets this process have. Each tunnel holds some, so that the usual limit of 1,024 would be that of tunnels.
    package static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
