import Glibc
package import SSHCrypto
import SSHSystem
import SSHWire

/// The key by which a user logs in where nothing else is configured: ~/.ssh/id_ed25519.
package struct OwnKey {
    package let path: String

    package init(_ environment: LocalEnvironment) {
        self.path = "\(environment.homeDirectory)/.ssh/id_ed25519"
    }

    /// Makes the key and its folder if they are not there.
    ///
    /// - Returns: the public half, and whether the key is new.
    /// - Throws: `system` or `invalidKey` with the file and the reason.
    package func make(comment: String, random: any RandomSource) throws -> (key: PublicKey, isNew: Bool) {
        let folder = SystemPath.parent(of: self.path)
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw SSHError(.system, "\(folder): \(SystemError())")
        }
        guard FileState(of: self.path).isAbsent else {
            let key = try self.publicKey()
            // The power went before it was written.
            if FileState(of: "\(self.path).pub").isAbsent {
                try KeyPairFiles.writePublic(key, besides: self.path, comment: comment)
            }
            return (key, false)
        }
        return (try KeyPairFiles.generate(.ed25519, at: self.path, comment: comment, random: random), true)
    }

    /// What the `.pub` file says, or else the key itself.
    ///
    /// - Throws: `invalidKey` if there is none.
    package func publicKey() throws -> PublicKey {
        do {
            let text = try BoundedFile(path: "\(self.path).pub", limit: 64 << 10).bytes
            return try PublicKey(openSSHLine: String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        } catch is BoundedFile.NotFound {
            do {
                var file = try BoundedFile(path: self.path, limit: 64 << 10, mustBeRegular: true, isSecret: true)
                defer { file.zero() }
                if let key = PrivateKeyFile.publicKey(in: file.bytes) { return key }
                return try PrivateKeyFile.parse(file.bytes).key.publicKey
            } catch is BoundedFile.NotFound {
                throw SSHError(.invalidKey, "there is no \(self.path): `swssh --init` makes it")
            }
        } catch let error as SSHError {
            throw SSHError(error.code, "\(self.path).pub: \(error.reason)")
        }
    }
}
