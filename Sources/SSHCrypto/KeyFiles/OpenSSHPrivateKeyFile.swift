import NIOCore
import SSHWire

/// Private key files as ssh-keygen writes them (OpenSSH's PROTOCOL.key), for unencrypted ed25519 keys.
public enum OpenSSHPrivateKeyFile {
    static let begin = "-----BEGIN OPENSSH PRIVATE KEY-----"
    static let end = "-----END OPENSSH PRIVATE KEY-----"
    static let magic = Array("openssh-key-v1\0".utf8)
    /// Of the cipher "none".
    static let blockLength = 8
    private static let textLimit = 65_536
    private static let lineLength = 70

    /// - Returns: The key and its comment. The caller zeroes the text.
    /// - Throws: `invalidKey` if the file is malformed, encrypted, or holds a key of another type.
    public static func parse(_ text: [UInt8]) throws -> (key: Ed25519PrivateKey, comment: String) {
        guard text.count <= Self.textLimit else { throw SSHError(.invalidKey, "a private key file is too long") }
        var armored = try Self.armoredText(text)
        defer { Sodium.zero(&armored) }
        var binary = try Base64.decode(armored)
        defer { Sodium.zero(&binary) }
        var buffer = ByteBuffer(bytes: binary)
        defer { buffer.withUnsafeMutableReadableBytes { Sodium.zero($0) } }
        return try SSHError.rethrowing(as: .invalidKey) { try Self.parse(buffer) }
    }

    /// - Returns: The file's text, as ssh-keygen writes it.
    public static func encode(_ key: Ed25519PrivateKey, comment: String, random: any RandomSource) -> [UInt8] {
        var privatePart = WireWriter()
        let check = random.randomBytes(4)
        privatePart.writeBytes(check)
        privatePart.writeBytes(check)
        privatePart.writeText(key.publicKey.type)
        privatePart.writeString(key.publicKeyBytes)
        key.privateKey.withBytes { privatePart.writeString($0) }
        privatePart.writeText(comment)
        var padding: UInt8 = 0
        while privatePart.buffer.readableBytes % Self.blockLength != 0 {
            padding += 1
            privatePart.writeByte(padding)
        }
        var file = WireWriter()
        file.writeBytes(Self.magic)
        file.writeText("none")
        file.writeText("none")
        file.writeText("")
        file.writeUInt32(1)
        file.writeString(key.publicKey.blob)
        file.writeString(privatePart.buffer)
        defer {
            privatePart.buffer.withUnsafeMutableReadableBytes { Sodium.zero($0) }
            file.buffer.withUnsafeMutableReadableBytes { Sodium.zero($0) }
        }
        return Self.armor(file.buffer)
    }

    private static func armor(_ binary: ByteBuffer) -> [UInt8] {
        var characters = Array(Base64.encode(binary.readableBytesView).utf8)
        defer { Sodium.zero(&characters) }
        var text = Array(Self.begin.utf8)
        text.append(UInt8(ascii: "\n"))
        for start in stride(from: 0, to: characters.count, by: Self.lineLength) {
            text.append(contentsOf: characters[start..<min(start + Self.lineLength, characters.count)])
            text.append(UInt8(ascii: "\n"))
        }
        text.append(contentsOf: Self.end.utf8)
        text.append(UInt8(ascii: "\n"))
        return text
    }

    /// The Base64 between the two marks, without line ends.
    private static func armoredText(_ text: [UInt8]) throws -> [UInt8] {
        let isLineEnd: (UInt8) -> Bool = { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        let lines = text.split(whereSeparator: isLineEnd)
        guard let first = lines.first, first.elementsEqual(Self.begin.utf8) else {
            if let first = lines.first, first.starts(with: "-----BEGIN ".utf8) {
                throw SSHError(
                    .invalidKey,
                    "the private key file is in the old PEM format; ssh-keygen -p -f FILE converts it"
                )
            }
            throw SSHError(.invalidKey, "the file is not an OpenSSH private key")
        }
        guard let last = lines.last, last.elementsEqual(Self.end.utf8) else {
            throw SSHError(.invalidKey, "the private key file is cut off")
        }
        var armored: [UInt8] = []
        armored.reserveCapacity(text.count)
        for line in lines.dropFirst().dropLast() {
            armored.append(contentsOf: line)
        }
        return armored
    }
}
