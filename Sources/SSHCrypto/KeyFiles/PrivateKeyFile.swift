import SSHWire

/// Private key files without a passphrase: OpenSSH's own format, and PEM as older OpenSSH and openssl write it.
public enum PrivateKeyFile {
    private static let textLimit = 65_536

    /// - Returns: The key and its comment, which PEM files do not have. The caller zeroes the text.
    /// - Throws: `invalidKey` if the file is malformed, encrypted, holds a key of a type that is not supported, or its two halves do not
    ///   belong together.
    public static func parse(_ text: [UInt8]) throws -> (key: PrivateKey, comment: String) {
        guard text.count <= Self.textLimit else { throw SSHError(.invalidKey, "a private key file is too long") }
        let isLineEnd: (UInt8) -> Bool = { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        let lines = text.split(whereSeparator: isLineEnd)
        if lines.first?.elementsEqual(OpenSSHPrivateKeyFile.begin.utf8) == true {
            return try OpenSSHPrivateKeyFile.parse(lines: lines[...])
        }
        // openssl writes remarks before the first mark.
        let marked = lines.drop { !$0.starts(with: "-----BEGIN ".utf8) }
        guard !marked.isEmpty else { throw SSHError(.invalidKey, "the file is not a private key") }
        return (try PEMPrivateKeyFile.parse(text, lines: marked), "")
    }

    /// The public half, which OpenSSH's own format holds in the clear, whether the private half is encrypted or not.
    ///
    /// - Returns: nil if the file is of another format, or malformed.
    public static func publicKey(in text: [UInt8]) -> PublicKey? {
        guard text.count <= Self.textLimit else { return nil }
        let lines = text.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        guard lines.first?.elementsEqual(OpenSSHPrivateKeyFile.begin.utf8) == true else { return nil }
        return try? OpenSSHPrivateKeyFile.publicKey(lines: lines[...])
    }
}
