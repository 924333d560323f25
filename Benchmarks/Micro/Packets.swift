import Benchmark
import NIOCore
import SSHCrypto

private let sizes = [64, 1_024, 32_768, 262_144]

private func keys(_ cipher: CipherAlgorithm) -> PacketKeys {
    PacketKeys(
        cipher: cipher,
        mac: .hmacSHA256ETM,
        key: SecretBytes(bytes: [UInt8](repeating: 1, count: cipher.keyLength)),
        initialVector: SecretBytes(bytes: [UInt8](repeating: 2, count: cipher.initialVectorLength)),
        macKey: SecretBytes(bytes: [UInt8](repeating: 3, count: 32))
    )
}

/// A sealer or opener, its output and its place in the sequence: what one direction of a connection keeps.
private final class Direction {
    var sealer: PacketSealer
    var opener: PacketOpener
    var output = ByteBuffer()
    let header = ByteBuffer(bytes: [94, 0, 0, 0, 0, 0, 0, 128, 0])
    let body: ByteBuffer
    let random = SystemRandom()

    init(_ cipher: CipherAlgorithm, size: Int) throws {
        self.sealer = try PacketSealer(keys(cipher))
        self.opener = try PacketOpener(keys(cipher))
        self.body = ByteBuffer(repeating: 7, count: size)
    }

    func seal() throws {
        self.output.clear()
        try self.sealer.seal(
            header: self.header,
            body: self.body,
            sequenceNumber: 0,
            random: self.random,
            into: &self.output
        )
    }

    /// AES-GCM counts its packets by itself, so each is opened by the keys that it was sealed with, in turn.
    func sealAndOpen() throws {
        try self.seal()
        let length = try self.opener.packetLength(in: self.output, sequenceNumber: 0)
        blackHole(try self.opener.openInPlace(&self.output, packetLength: length, sequenceNumber: 0))
    }
}

func packets() {
    for cipher in CipherAlgorithm.allCases where cipher != .aes192CTR {
        for size in sizes {
            measure("seal \(cipher.rawValue), \(size) bytes") {
                let direction = try Direction(cipher, size: size)
                return { try direction.seal() }
            }
            measure("seal and open \(cipher.rawValue), \(size) bytes") {
                let direction = try Direction(cipher, size: size)
                return { try direction.sealAndOpen() }
            }
        }
    }
}
