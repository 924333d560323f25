import SSHForwarding
import SSHWire
import Synchronization

/// The Unix sockets that the relay's connections listen on: whoever holds one keeps it, against every other account and key.
final class UnixSocketRegistry: Sendable {
    /// The same account with the same key.
    struct Owner: Hashable, Sendable {
        let user: String
        let key: [UInt8]
    }

    private struct Entry {
        let owner: Owner
        let onTakeover: @Sendable (UnixSocketFile.Identity) -> Void
    }

    // Held while files are unlinked and made, so that no two connections of the relay do so at once.
    private let held = Mutex<[UnixSocketFile.Identity: Entry]>([:])

    /// Binds a socket for an owner. With `unlinks` a file that a dead socket left, or that the same owner listens on, makes
    /// room; a socket on which anybody else listens never does.
    ///
    /// - Parameter onTakeover: called on any thread when the same owner takes the path over: close the listener of that file.
    /// - Throws: `forwardingFailed`.
    func bind(
        path: String,
        mask: UInt32,
        unlinks: Bool,
        for owner: Owner,
        onTakeover: @escaping @Sendable (UnixSocketFile.Identity) -> Void
    ) throws -> UnixSocketFile {
        try self.held.withLock { held in
            var replaced: UnixSocketFile.Identity?
            let file = try UnixSocketFile.bind(path: path, mask: mask, links: .refused, unlinks: unlinks) { existing in
                guard let entry = held[existing.identity] else {
                    guard try existing.mayHaveListener() else { return }
                    throw SSHError(.forwardingFailed, "another program listens there")
                }
                guard entry.owner == owner else {
                    throw SSHError(.forwardingFailed, "another account or key listens there")
                }
                replaced = existing.identity
            }
            if let replaced { held.removeValue(forKey: replaced)?.onTakeover(replaced) }
            held[file.identity] = Entry(owner: owner, onTakeover: onTakeover)
            return file
        }
    }

    /// Removes the file of a listener that closes.
    func remove(_ file: UnixSocketFile) {
        self.held.withLock { held in
            file.remove()
            held[file.identity] = nil
        }
    }
}
