import Glibc
package import SSHCrypto
import SSHSystem
import SSHWire

/// ~/.ssh/authorized_keys: who may log in as this user, to whatever sshd there is.
package struct AuthorizedClients {
    package let path: String
    private static let limit = 16 << 20

    package init(_ environment: LocalEnvironment) {
        self.path = "\(environment.homeDirectory)/.ssh/authorized_keys"
    }

    /// Adds a key at the end; everything else stays as it is.
    ///
    /// - Parameter line: the line of a .pub file.
    /// - Returns: the key, and whether it is new there.
    /// - Throws: `invalidKey` for what is no such line, `system` with the file and the reason.
    package func add(_ line: String) throws -> (key: PublicKey, isNew: Bool) {
        let key = try PublicKey(openSSHLine: line)
        let comment = line.split(separator: " ", maxSplits: 2).dropFirst(2).first.map(String.init) ?? ""
        // What stands behind the key must not be another line.
        guard line.utf8.count <= 16 << 10, comment.isOneLine else {
            throw SSHError(.invalidKey, "the key's comment holds control characters")
        }
        let folder = SystemPath.parent(of: self.path)
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw SSHError(.system, "\(folder): \(SystemError())")
        }
        let isNew = try EditedFile(path: self.path, limit: Self.limit, mode: 0o600).change { bytes in
            let encoded = Array(key.openSSHText.split(separator: " ")[1].utf8)
            let isKnown = FileLines(bytes).contains { _, text in
                text.drop { $0 == 0x20 || $0 == 0x09 }.first != UInt8(ascii: "#")
                    && text.split(whereSeparator: { [0x20, 0x09, 0x0d].contains($0) }).contains {
                        $0.elementsEqual(encoded)
                    }
            }
            guard !isKnown else { return false }
            if let last = bytes.last, last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
            bytes += "\(key.openSSHText)\(comment.isEmpty ? "" : " \(comment)")\n".utf8
            return true
        }
        return (key, isNew)
    }
}
