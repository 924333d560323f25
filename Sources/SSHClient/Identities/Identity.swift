public import SSHCrypto
import SSHWire

/// A private key that was found in a file.
public struct Identity: Sendable {
    public let path: String
    public let key: PrivateKey
    public let comment: String

    /// - Throws: `invalidKey` with the file's name if its mode lets others read it, or it holds no key that can be used.
    init(readingFile path: String, userID: UInt32) throws {
        var file = try ReadFile(path: path, limit: 1 << 20)
        // The bytes are a secret: this zeroes them on the way out.
        defer { _ = SecretBytes(bytes: file.takeBytes()) }
        // Somebody else's file is their concern; ours must not be readable by others.
        guard file.owner != userID || file.mode & 0o077 == 0 else {
            let mode = String(file.mode & 0o777, radix: 8)
            throw SSHError(
                .invalidKey,
                "UNPROTECTED PRIVATE KEY FILE: permissions 0\(mode) for '\(path)' are too open, so it is ignored; "
                    + "chmod 600 \"\(path)\""
            )
        }
        do {
            let (key, comment) = try PrivateKeyFile.parse(file.bytes)
            self.path = path
            self.key = key
            self.comment = comment
        } catch let error as SSHError {
            throw SSHError(error.code, "Load key \"\(path)\": \(error.reason)")
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

/// The identities of a configuration, in the order in which they are tried.
public struct Identities: Sendable {
    public private(set) var identities: [Identity] = []
    /// One line for each file that is there and cannot be used.
    public private(set) var warnings: [String] = []

    /// Missing files are passed over in silence; whatever else is wrong gets a warning.
    public init(loading files: [String], userID: UInt32) {
        for file in files {
            do {
                let identity = try Identity(readingFile: file, userID: userID)
                guard !self.identities.contains(where: { $0.key.publicKey == identity.key.publicKey }) else { continue }
                self.identities.append(identity)
            } catch let error as SystemError {
                guard !error.isMissingFile else { continue }
                self.warnings.append("Warning: Identity file \(file) not accessible: \(error).")
            } catch {
                self.warnings.append("\(error)")
            }
        }
    }
}
