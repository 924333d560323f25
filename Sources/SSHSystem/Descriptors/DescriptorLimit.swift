import Glibc

/// How many descriptors this process may have.
package enum DescriptorLimit {
    /// For files, and for sockets that have been accepted and not counted yet.
    private static let reserve = 64

    /// What its clients' sockets can have of them.
    package static var current: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 - Self.reserve }
        let all = Int(clamping: limit.rlim_cur)
        return max(all - max(Self.reserve, all / 64), Self.reserve)
    }
}
