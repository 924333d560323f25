public import SSHCrypto
import SSHWire

/// A private key that was found in a file.
public struct Identity: Sendable {
    public let path: String
    public let key: PrivateKey
    public let comment: String

    /// - Throws: `IdentityFailure` if its mode lets others read it, or it holds no key that can be used.
    init(readingFile path: String, userID: UInt32) throws {
        var file = try ReadFile(path: path, limit: 1 << 20)
        // The bytes are a secret: this zeroes them on the way out.
        defer { _ = SecretBytes(bytes: file.takeBytes()) }
        // Somebody else's file is their concern; ours must not be readable by others.
        guard file.owner != userID || file.mode & 0o077 == 0 else {
            let mode = String(file.mode & 0o777, radix: 8)
            throw IdentityFailure(
                path: path,
                reason: "permissions 0\(mode) are too open",
                warning:
                    "UNPROTECTED PRIVATE KEY FILE: permissions 0\(mode) for '\(path)' are too open, so it is ignored; "
                    + "chmod 600 \"\(path)\"",
                kind: .unprotected
            )
        }
        do {
            let (key, comment) = try PrivateKeyFile.parse(file.bytes)
            self.path = path
            self.key = key
            self.comment = comment
        } catch let error as SSHError {
            throw IdentityFailure(
                path: path,
                reason: error.reason,
                warning: "Load key \"\(path)\": \(error.reason)",
                kind: .unusable
            )
        }
    }
}

extension ReadFile {
    /// Hands the bytes over, so that whoever gets them can zero them.
    fileprivate mutating func takeBytes() -> [UInt8] {
        let bytes = self.bytes
        self.bytes = []
        return bytes
    }
}

/// Why a file gives no identity.
struct IdentityFailure: Error {
    enum Kind { case missing, unprotected, unusable }

    let path: String
    /// In a few words.
    let reason: String
    /// A line for the user.
    let warning: String
    let kind: Kind

    /// Files that are missing say nothing, and default ones that hold other keys than we have use for say nothing until a
    /// login fails.
    func isWorthAWarning(_ configuration: ClientConfiguration) -> Bool {
        switch self.kind {
        case .missing: false
        case .unprotected: true
        case .unusable: configuration.identityFilesAreConfigured
        }
    }
}

/// The identities of a configuration, in the order in which they are tried.
public struct Identities: Sendable {
    public private(set) var identities: [Identity] = []
    /// Files that gave none.
    private(set) var passedOver: [IdentityFailure] = []

    /// One line for each file that is there and cannot be used.
    public var warnings: [String] { self.passedOver.filter { $0.kind != .missing }.map(\.warning) }

    public init(loading files: [String], userID: UInt32) {
        for file in files {
            do {
                let identity = try Identity(readingFile: file, userID: userID)
                guard !self.identities.contains(where: { $0.key.publicKey == identity.key.publicKey }) else { continue }
                self.identities.append(identity)
            } catch let failure as IdentityFailure {
                self.passedOver.append(failure)
            } catch {
                let reason = SystemReason.of(error)
                let isMissing = (error as? SystemError)?.isMissingFile ?? false
                self.passedOver.append(
                    IdentityFailure(
                        path: file,
                        reason: isMissing ? "no such file" : reason,
                        warning: "Warning: Identity file \(file) not accessible: \(reason).",
                        kind: isMissing ? .missing : .unusable
                    )
                )
            }
        }
    }
}
