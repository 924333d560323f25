import NIOCore
import SSHWire

/// Private key files as ssh-keygen writes them (OpenSSH's PROTOCOL.key), without a passphrase.
public enum OpenSSHPrivateKeyFile {
    static let begin = "-----BEGIN OPENSSH PRIVATE KEY-----"
    static let end = "-----END OPENSSH PRIVATE KEY-----"
    static let magic = Array("openssh-key-v1\0".utf8)
    /// Of the cipher "none".
    static let blockLength = 8
    private static let lineLength = 70
    /// More than a file needs: a buffer that grows leaves what it held behind.
    private static let longest = 16 * 1024

    /// - Parameter lines: from the first mark on.
    static func parse(lines: ArraySlice<ArraySlice<UInt8>>) throws -> (key: PrivateKey, comment: String) {
        try Self.withContent(of: lines) { try Self.parse($0) }
    }

    /// - Parameter lines: from the first mark on.
    static func publicKey(lines: ArraySlice<ArraySlice<UInt8>>) throws -> PublicKey {
        try Self.withContent(of: lines) { file in
            var reader = WireReader(file)
            _ = try Self.readProtection(from: &reader)
            return try Self.readPublicKey(from: &reader)
        }
    }

    /// Gives the decoded file, and leaves no copy of it behind.
    private static func withContent<Result>(
        of lines: ArraySlice<ArraySlice<UInt8>>,
        _ body: (ByteBuffer) throws -> Result
    ) throws -> Result {
        var armored = try Self.armoredText(lines)
        defer { Sodium.zero(&armored) }
        var binary = try Base64.decode(armored)
        defer { Sodium.zero(&binary) }
        var buffer = ByteBuffer(bytes: binary)
        defer { buffer.withUnsafeMutableReadableBytes { Sodium.zero($0) } }
        return try SSHError.rethrowing(as: .invalidKey) { try body(buffer) }
    }

    /// - Returns: The file's text, as ssh-keygen writes it.
    public static func encode(_ key: PrivateKey, comment: String, random: any RandomSource) throws -> [UInt8] {
        var privatePart = WireWriter(ByteBufferAllocator().buffer(capacity: Self.longest))
        var file = WireWriter(ByteBufferAllocator().buffer(capacity: Self.longest))
        defer {
            privatePart.buffer.withUnsafeMutableReadableBytes { Sodium.zero($0) }
            file.buffer.withUnsafeMutableReadableBytes { Sodium.zero($0) }
        }
        let check = random.randomBytes(4)
        privatePart.writeBytes(check)
        privatePart.writeBytes(check)
        privatePart.writeText(key.publicKey.type)
        switch key {
        case .ed25519(let key): key.writeSecrets(to: &privatePart)
        case .ecdsa(let key): key.writeSecrets(to: &privatePart)
        case .rsa(let key): try key.writeSecrets(to: &privatePart)
        }
        privatePart.writeText(comment)
        var padding: UInt8 = 0
        while privatePart.buffer.readableBytes % Self.blockLength != 0 {
            padding += 1
            privatePart.writeByte(padding)
        }
        file.writeBytes(Self.magic)
        file.writeText("none")
        file.writeText("none")
        file.writeText("")
        file.writeUInt32(1)
        file.writeString(key.publicKey.blob)
        file.writeString(privatePart.buffer)
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
    private static func armoredText(_ lines: ArraySlice<ArraySlice<UInt8>>) throws -> [UInt8] {
        guard let last = lines.last, last.elementsEqual(Self.end.utf8) else {
            throw SSHError(.invalidKey, "the private key file is cut off")
        }
        var armored: [UInt8] = []
        armored.reserveCapacity(lines.reduce(0) { $0 + $1.count })
        for line in lines.dropFirst().dropLast() {
            armored.append(contentsOf: line)
        }
        return armored
    }
}
