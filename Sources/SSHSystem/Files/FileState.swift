import Glibc

/// What the system says about a file: it differs when the file was written, replaced, or became readable for others.
package struct FileState: Equatable, Sendable {
    package let device: UInt
    package let inode: UInt
    package let mode: UInt32
    package let size: Int
    package let modifiedSeconds: Int
    package let modifiedNanoseconds: Int
    package let changedSeconds: Int
    package let changedNanoseconds: Int

    init(_ information: stat) {
        self.device = information.st_dev
        self.inode = information.st_ino
        self.mode = information.st_mode
        self.size = information.st_size
        self.modifiedSeconds = information.st_mtim.tv_sec
        self.modifiedNanoseconds = information.st_mtim.tv_nsec
        self.changedSeconds = information.st_ctim.tv_sec
        self.changedNanoseconds = information.st_ctim.tv_nsec
    }

    /// All zeros but for the size if there is no such file, or none that can be seen: then that is the reason, negative.
    package init(of path: String) {
        var information = stat()
        if stat(path, &information) != 0 {
            let reason = errno
            information = stat()
            information.st_size = -Int(reason)
        }
        self.init(information)
    }

    /// There is no such file.
    package var isAbsent: Bool { self.size == -Int(ENOENT) }
}
