/// Turns a key exchange's results into keys (RFC 4253 §7.2).
public struct KeyDerivation: Sendable {
    private let algorithm: HashAlgorithm
    private let secret: SharedSecret
    private let exchangeHash: [UInt8]
    private let sessionIdentifier: [UInt8]

    /// - Parameter algorithm: the hash function of the key exchange method.
    public init(
        _ algorithm: HashAlgorithm,
        secret: SharedSecret,
        exchangeHash: [UInt8],
        sessionIdentifier: [UInt8]
    ) {
        self.algorithm = algorithm
        self.secret = secret
        self.exchangeHash = exchangeHash
        self.sessionIdentifier = sessionIdentifier
    }

    /// The first `length` bytes of a key.
    ///
    /// - Parameter letter: "A" and "B": initialization vectors, client to server and server to client; "C" and "D":
    ///   encryption keys; "E" and "F": integrity keys.
    public func derive(_ letter: Character, length: Int) -> SecretBytes {
        guard let letter = letter.asciiValue, (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(letter) else {
            preconditionFailure("RFC 4253 knows the keys A to F")
        }
        return SecretBytes(count: length) { key in
            // K1 = HASH(K || H || X || session_id), K(n+1) = HASH(K || H || K1 || ... || Kn)
            var filled = 0
            while filled < key.count {
                var hash = self.startHash()
                if filled == 0 {
                    hash.update([letter])
                    hash.update(self.sessionIdentifier)
                } else {
                    hash.update(UnsafeRawBufferPointer(rebasing: key[..<filled]))
                }
                var block = hash.finish()
                let taken = min(block.count, key.count - filled)
                block.withUnsafeBytes { block in
                    UnsafeMutableRawBufferPointer(rebasing: key[filled...])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: block[..<taken]))
                }
                Sodium.zero(&block)
                filled += taken
            }
        }
    }

    private func startHash() -> HashState {
        var hash = HashState(self.algorithm)
        hash.update(self.secret.encoded)
        hash.update(self.exchangeHash)
        return hash
    }
}
