import Glibc
public import SSHCrypto
import SSHSystem
import SSHWire

/// A private key that was found in a file.
public struct Identity: SigningKey {
    public let path: String
    public let key: PrivateKey
    public let comment: String

    /// Reads a private key file without a passphrase.
    ///
    /// - Throws: `IdentityFailure` if it cannot be read, others may read it, or it holds no key that can be used.
    public init(file path: String) throws {
        switch Identities(loading: [path], userID: geteuid()).result {
        case .success(let identity): self = identity
        case .failure(let failure): throw failure
        }
    }

    public var publicKey: PublicKey { self.key.publicKey }

    public func sign(_ data: [UInt8], algorithm: String) throws -> [UInt8] {
        try self.key.sign(data, algorithm: algorithm)
    }

    /// - Throws: `IdentityFailure` if its mode lets others read it, or it holds no key that can be used.
    init(readingFile path: String, userID: UInt32) throws {
        var file = try BoundedFile(reading: path, limit: 1 << 20, isSecret: true)
        defer { file.zero() }
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

/// Why a file gives no identity.
public struct IdentityFailure: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable { case missing, unprotected, unusable }

    public let path: String
    /// In a few words.
    public let reason: String
    /// A line for the user.
    public let warning: String
    public let kind: Kind

    public var description: String { self.warning }
}

/// The identities of a configuration, in the order in which they are tried.
public struct Identities: Sendable {
    public private(set) var identities: [Identity] = []
    /// Files that gave none.
    public private(set) var passedOver: [IdentityFailure] = []

    /// One line for each file that is there and cannot be used.
    public var warnings: [String] { self.passedOver.filter { $0.kind != .missing }.map(\.warning) }

    /// Of one file.
    fileprivate var result: Result<Identity, IdentityFailure> {
        if let identity = self.identities.first { return .success(identity) }
        let none = IdentityFailure(path: "", reason: "no file", warning: "no identity file", kind: .missing)
        return .failure(self.passedOver.first ?? none)
    }

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
                let isMissing = (error as? BoundedFile.Failure)?.isMissingFile ?? false
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
