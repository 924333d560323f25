import Glibc

/// One process at a time looks whether a file in a folder is a dead one's, and takes its place.
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

    package func end() {
        if self.descriptor >= 0 { Glibc.close(self.descriptor) }
    }
}
