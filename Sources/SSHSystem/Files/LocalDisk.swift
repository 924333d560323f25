import CStatfs

/// Disks of this machine: what the kernel knows of their files, it says at once, while the server of a network file system
/// may be gone.
package enum LocalDisk {
    /// Magic numbers of statfs(2).
    private static let types: Set<Int> = [
        0xef53,  // ext2, ext3, ext4
        0x5846_5342,  // xfs
        0x9123_683e,  // btrfs
        0xf2f5_2010,  // f2fs
        0x2fc1_2fc1,  // zfs
        0x0102_1994,  // tmpfs
        0x8584_58f6,  // ramfs
        0x794c_7630,  // overlayfs
        0x7371_7368,  // squashfs
    ]

    /// Whether a file or folder lies on one, and every folder on the way to it. Asks their file systems: not for an event loop.
    package static func holds(_ path: String) -> Bool {
        guard let resolved = SystemPath.resolve(path) else { return false }
        return [path, resolved].allSatisfy { path in
            var path = path
            while self.isOn(path) {
                if path == "/" { return true }
                path = SystemPath.parent(of: path)
            }
            return false
        }
    }

    private static func isOn(_ path: String) -> Bool {
        var information = statfs()
        guard statfs(path, &information) == 0 else { return false }
        return Self.types.contains(Int(information.f_type))
    }
}
