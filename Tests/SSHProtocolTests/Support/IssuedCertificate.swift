import SSHCrypto
import SSHWire
import Testing

extension Certificate {
    /// A certificate for a host's key, made here: ssh-keygen would give other bytes in every run.
    static func issued(
        for key: PublicKey,
        by authority: Ed25519PrivateKey,
        kind: Kind = .host,
        spoiled: Bool = false
    ) throws -> Certificate {
        var keyReader = WireReader(bytes: key.blob)
        let type = try keyReader.readText()
        var writer = WireWriter()
        writer.writeText(type + "-cert-v01@openssh.com")
        writer.writeString([UInt8](repeating: 7, count: 32))
        writer.writeBytes(keyReader.readRemaining())
        writer.writeUInt64(1)
        writer.writeUInt32(kind.rawValue)
        writer.writeText("test")
        var principals = WireWriter()
        principals.writeText("localhost")
        writer.writeString(principals.buffer)
        writer.writeUInt64(0)
        writer.writeUInt64(.max)
        for _ in 0..<3 { writer.writeText("") }
        writer.writeString(authority.publicKey.blob)
        let signed = spoiled ? Array("something else".utf8) : writer.bytes
        writer.writeString(try authority.sign(signed, algorithm: "ssh-ed25519"))
        return try Certificate(blob: writer.bytes)
    }
}
