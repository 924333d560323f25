import NIOCore
import SSHForwarding
import SSHWire
import Synchronization

/// The Unix sockets that the relay's connections listen on: whoever holds one keeps it, against every other account and key.
final class UnixSocketRegistry: Sendable {
    struct Owner: Hashable, Sendable {
        let user: String
        let key: [UInt8]
    }

    /// A connection of the relay that listens on a path.
    struct Listener: Sendable {
        let owner: Owner
        /// Called on any thread when another connection wants the path: says whether this one is there and still holds it.
        let showLife: @Sendable (EventLoopPromise<LifeSign>) -> Void
        /// Called on any thread when the path has been taken over: close the listener of that file.
        let onTakeover: @Sendable (UnixSocketFile.Identity) -> Void
    }

    /// Somebody listens there who is to be asked for a sign of life first.
    struct MustAsk: Error {
        let identity: UnixSocketFile.Identity
        let listener: Listener
    }

    // Held while files are unlinked and made, so that no two connections of the relay do so at once.
    private let held = Mutex<[UnixSocketFile.Identity: Listener]>([:])

    /// Binds a socket. With `unlinks` a file that a dead socket left, or one on which a connection listens that has to make way,
    /// makes room; a socket on which anybody else listens never does.
    ///
    /// - Parameters:
    ///   - rule: who may have what another connection of the relay listens on.
    ///   - silent: who was asked for a sign of life in vain.
    /// - Throws: `forwardingFailed`, or `MustAsk`.
    func bind(
        path: String,
        mask: UInt32,
        unlinks: Bool,
        for listener: Listener,
        rule: ListenTakeover,
        silent: UnixSocketFile.Identity? = nil
    ) throws -> UnixSocketFile {
        try self.held.withLock { held in
            var replaced: UnixSocketFile.Identity?
            let file = try UnixSocketFile.bind(path: path, mask: mask, links: .refused, unlinks: unlinks) { existing in
                guard let entry = held[existing.identity] else {
                    guard try existing.mayHaveListener() else { return }
                    throw SSHError(.forwardingFailed, "another program listens there")
                }
                let (owner, other) = (listener.owner, entry.owner)
                guard rule.permits(account: owner.user, key: owner.key, toHaveWhat: (other.user, other.key)) else {
                    let who = other == owner ? "another connection" : "another account or key"
                    throw SSHError(.forwardingFailed, "\(who) listens there [ListenTakeover \(rule.rawValue)]")
                }
                guard !rule.spares || silent == existing.identity else {
                    throw MustAsk(identity: existing.identity, listener: entry)
                }
                replaced = existing.identity
            }
            if let replaced { held.removeValue(forKey: replaced)?.onTakeover(replaced) }
            held[file.identity] = listener
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
