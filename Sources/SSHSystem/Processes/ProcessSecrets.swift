import Glibc

/// Keeps the keys in this process's memory away from other processes of the same user, and out of core dumps.
package enum ProcessSecrets {
    /// PR_SET_DUMPABLE of <linux/prctl.h>.
    private static let setDumpable: Int32 = 4

    private typealias ProcessControl = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32

    /// Call it first of all. Programs that this one starts are not affected: exec(2) makes them as they are.
    package static func protect() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        // Swift does not see C functions with a variable number of arguments. prctl(2) takes five words, and Linux passes those
        // in the same registers either way.
        guard let symbol = dlsym(nil, "prctl") else { return }
        _ = unsafeBitCast(symbol, to: ProcessControl.self)(Self.setDumpable, 0, 0, 0, 0)
    }
}
