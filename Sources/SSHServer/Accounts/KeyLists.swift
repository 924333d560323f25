import SSHCrypto
import Synchronization

/// What the files of RevokedKeys and TrustedUserCAKeys hold, and what was said about them.
final class KeyLists: Sendable {
    let revoked = ParsedFiles { try RevokedKeyFile($0) }
    let authorities = ParsedFiles { PublicKeyLines($0) }
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
