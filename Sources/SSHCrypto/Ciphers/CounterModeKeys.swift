import SSHWire

/// The two contexts of AES in counter mode next to a MAC. The cipher's counter runs on from packet to packet.
struct CounterModeKeys {
    let cipher: CipherContext
    let mac: MACContext
    let tagLength: Int

    /// - Throws: `misuse` if there is no MAC, or its key has the wrong length.
    init(_ keys: PacketKeys, direction: CipherContext.Direction) throws {
        guard let algorithm = keys.mac, let macKey = keys.macKey else {
            throw SSHError(.misuse, "\(keys.cipher.rawValue) needs a MAC")
        }
        guard macKey.count == algorithm.keyLength else {
            throw SSHError(.misuse, "a key for \(algorithm.rawValue) has the wrong length")
        }
        self.cipher = try keys.key.withBytes { key in
            try keys.initialVector.withBytes { initialVector in
                try CipherContext(
                    FetchedCipher.cipher(for: keys.cipher),
                    key: key,
                    initialVector: initialVector,
                    direction: direction
                )
            }
        }
        self.mac = try MACContext(algorithm, key: macKey)
        self.tagLength = algorithm.tagLength
    }

    /// RFC 4253 §6.4: a packet's number comes first, however it is authenticated.
    func startMAC(sequenceNumber: UInt32) throws {
        try self.mac.start()
        try withUnsafeBytes(of: sequenceNumber.bigEndian) { try self.mac.update($0) }
    }
}
