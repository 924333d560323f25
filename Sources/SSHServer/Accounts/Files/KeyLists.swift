import SSHCrypto
import SSHSystem
import Synchronization

/// What the files of AuthorizedKeysFile, RevokedKeys and TrustedUserCAKeys hold, and what was said about them.
final class KeyLists: Sendable {
    let revoked = ParsedFiles { try RevokedKeyFile($0) }
    let authorities = ParsedFiles { PublicKeyLines($0) }
    /// A relay has one such file for all devices, or one for each.
    let authorized = ParsedFiles(count: 1024, size: 32 << 20, footprint: { $0.file.footprint }) { file, path in
        OwnedKeysFile(file: AuthorizedKeysFile(file.bytes, path: path), owner: file.owner, mode: file.mode)
    }
    private let problems = Mutex<[String: String]>([:])

    /// Whether the problem is another than the last time; the same one is worth one line in the log.
    ///
    /// - Parameter problem: nil when there is none any more.
    func isNews(_ problem: String?, about path: String) -> Bool {
        self.problems.withLock { problems in
            guard problems[path] != problem else { return false }
            problems[path] = problem
            return problem != nil
        }
    }
}

/// An authorized_keys file, and what StrictModes asks about it.
struct OwnedKeysFile: Sendable {
    let file: AuthorizedKeysFile
    let owner: UInt32
    let mode: UInt32
}
