import Glibc

/// One process at a time changes files in a folder, or looks whether a file there is a dead one's and takes its place.
package struct FolderTurn {
    private static let patience = 50
    private let descriptor: Int32

    /// Nobody is waited for for long: everybody who may read the folder can hold this lock.
    package static func wait(for path: String) async -> FolderTurn {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
        let descriptor = Glibc.open(String(path[...slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        for _ in 0..<Self.patience where descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            try? await Task.sleep(for: .milliseconds(10))
        }
        return FolderTurn(descriptor: descriptor)
    }

    /// The same for who changes what stands there and goes on with a turn only. It blocks its thread.
    ///
    /// - Parameter patience: hundredths of a second.
    package static func claim(_ folder: String, patience: Int = 1000) throws(SystemError) -> FolderTurn {
        let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError() }
        for _ in 0..<patience {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return FolderTurn(descriptor: descriptor) }
            // Some file systems have no locks.
            guard [EWOULDBLOCK, EINTR].contains(errno) else { break }
            usleep(10_000)
        }
        let error = SystemError()
        Glibc.close(descriptor)
        throw error.number == EWOULDBLOCK ? SystemError(EBUSY) : error
    }

    package func end() {
        if self.descriptor >= 0 { Glibc.close(self.descriptor) }
    }
}
