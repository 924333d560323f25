import Glibc

/// What this process may take of the machine's memory, in bytes.
///
/// The least of what the machine has, what its control groups allow (cgroups(7), both versions), and what RLIMIT_AS leaves. Of that
/// one half is for what peers make us hold: the rest is the program, its connections' objects, the kernel's socket buffers, and
/// everybody else on the machine.
public enum MemoryOfMachine {
    /// However little there is, so much is needed to serve anybody.
    static let least = 32 * 1024 * 1024

    /// What the connections of this process should be held to.
    public static var budget: Int {
        let limits = [Self.ofMachine, Self.ofControlGroups(root: "/sys/fs/cgroup"), Self.ofAddressSpace].compactMap(
            \.self
        )
        return max((limits.min() ?? 4 * Self.least) / 2, Self.least)
    }

    private static var ofMachine: Int? {
        let (pages, size) = (sysconf(CInt(_SC_PHYS_PAGES)), sysconf(CInt(_SC_PAGESIZE)))
        let (bytes, overflow) = pages.multipliedReportingOverflow(by: size)
        return pages > 0 && size > 0 && !overflow ? bytes : nil
    }

    /// The program itself takes up address space: code, stacks and heaps that are hardly used.
    private static var ofAddressSpace: Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0,
            limit.rlim_cur != rlim_t(bitPattern: -1), let bytes = Int(exactly: limit.rlim_cur)
        else { return nil }
        return max(bytes - Self.ownAddressSpace, 0)
    }

    /// A heap for each thread, 64 MiB each before anything is in it, and the threads' stacks.
    private static let ownAddressSpace = 640 * 1024 * 1024

    /// The least limit on the way from this process's group up to the root.
    static func ofControlGroups(root: String, groups: String = Self.text(of: "/proc/self/cgroup")) -> Int? {
        groups.split(separator: "\n").compactMap { line -> Int? in
            // Hierarchy, controllers, path: version 2 has no controllers in its line.
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return nil }
            if fields[1].isEmpty { return self.least(below: root, fields[2], file: "memory.max") }
            guard fields[1].split(separator: ",").contains("memory") else { return nil }
            return self.least(below: root + "/memory", fields[2], file: "memory.limit_in_bytes")
        }.min()
    }

    private static func least(below root: String, _ path: Substring, file: String) -> Int? {
        var parts = path.split(separator: "/")
        var limits: [Int] = []
        while true {
            let folder = ([root] + parts.map(String.init)).joined(separator: "/")
            let text = self.text(of: "\(folder)/\(file)").filter { !$0.isWhitespace }
            // "max" and, in version 1, the largest number stand for none.
            if let limit = Int(text), limit < 1 << 60 { limits.append(limit) }
            guard !parts.isEmpty else { return limits.min() }
            parts.removeLast()
        }
    }

    private static func text(of path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16 * 1024)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
}
