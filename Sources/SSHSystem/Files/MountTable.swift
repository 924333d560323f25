import Glibc
import Synchronization

/// On which file system a path lies, by its name alone: asking the file system itself may hang.
package struct MountTable: Sendable {
    private struct Mount {
        let folder: [UInt8]
        let type: String
    }

    /// Those whose kernel code answers at once, or whose failure is this machine's.
    private static let localTypes: Set<String> = [
        "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "tmpfs", "ramfs", "overlay", "squashfs", "vfat", "proc",
        "sysfs",
        "devtmpfs", "rootfs", "erofs", "bcachefs",
    ]

    /// The longest first.
    private let mounts: [Mount]

    /// - Parameter text: of /proc/self/mountinfo (proc(5)).
    package init(_ text: [UInt8]) {
        self.mounts = text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > 6, let dash = fields.firstIndex(where: { $0.elementsEqual("-".utf8) }),
                dash + 1 < fields.count
            else { return nil }
            return Mount(folder: Self.unescaped(fields[4]), type: String(decoding: fields[dash + 1], as: UTF8.self))
        }.sorted { $0.folder.count > $1.folder.count }
    }

    /// Spaces and the like stand there as `\040`.
    private static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(value)
            rest = rest.dropFirst(3)
        }
        return bytes
    }

    /// The folder at which a file system begins whose server can be gone; nil for a disk of this machine.
    package func remoteMount(of path: String) -> String? {
        let bytes = Array(path.utf8)
        let mount = self.mounts.first { mount in
            guard bytes.starts(with: mount.folder) else { return false }
            return mount.folder == [UInt8(ascii: "/")] || bytes.count == mount.folder.count
                || bytes[mount.folder.count] == UInt8(ascii: "/")
        }
        guard let mount, !Self.localTypes.contains(mount.type) else { return nil }
        return String(decoding: mount.folder, as: UTF8.self)
    }

    /// The folder that all files of a path's file system share; of a disk of this machine, the one that the file lies in.
    package func place(of path: String) -> String { self.remoteMount(of: path) ?? SystemPath.parent(of: path) }

    private static let latest = Mutex<(table: MountTable, readAt: ContinuousClock.Instant)?>(nil)

    /// As it was a few seconds ago at most.
    package static var current: MountTable {
        let now = ContinuousClock.now
        if let known = Self.latest.withLock({ $0 }), now - known.readAt < .seconds(5) { return known.table }
        let text = (try? BoundedFile(path: "/proc/self/mountinfo", limit: 4 << 20))?.bytes ?? []
        let table = MountTable(text)
        Self.latest.withLock { $0 = (table, now) }
        return table
    }
}
