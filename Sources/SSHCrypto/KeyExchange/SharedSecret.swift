/// What both sides of a key exchange know and nobody else does, in the form in which it enters the exchange hash and
/// the key derivation: an mpint or a string, length included.
public struct SharedSecret: Sendable {
    let encoded: SecretBytes

    /// RFC 8731 §3.1, RFC 5656 §4, RFC 4253 §8: the result, read as a big-endian number, as an mpint.
    init(mpint bytes: SecretBytes) {
        self.encoded = bytes.withBytes { bytes in
            let significant = bytes.drop { $0 == 0 }
            let prefix = (significant.first ?? 0) & 0x80 == 0 ? 0 : 1
            return Self.encode(significant, zeros: prefix)
        }
    }

    /// draft-ietf-sshm-mlkem-hybrid-kex §2.4, draft-ietf-sshm-ntruprime-ssh §3: the hash of both secrets, as a string.
    init(_ algorithm: HashAlgorithm, postQuantum: SecretBytes, classical: SecretBytes) {
        var hash = HashState(algorithm)
        hash.update(postQuantum)
        hash.update(classical)
        let digest = SecretBytes(bytes: hash.finish())
        self.encoded = digest.withBytes { Self.encode($0[...], zeros: 0) }
    }

    private static func encode(_ bytes: Slice<UnsafeRawBufferPointer>, zeros: Int) -> SecretBytes {
        SecretBytes(count: 4 + zeros + bytes.count) { target in
            target.storeBytes(of: UInt32(clamping: zeros + bytes.count).bigEndian, as: UInt32.self)
            UnsafeMutableRawBufferPointer(rebasing: target[(4 + zeros)...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes))
        }
    }
}
