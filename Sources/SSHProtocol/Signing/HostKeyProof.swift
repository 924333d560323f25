import SSHWire

/// The answer to a hostkeys-prove-00@openssh.com that waits for signatures (OpenSSH's PROTOCOL §2.5).
struct HostKeyProof {
    enum Part {
        case signed([UInt8])
        case awaited(SignatureRequest.ID)
    }

    /// The request that it answers.
    let reply: UInt64
    /// In the order of the keys that were asked for.
    private var parts: [Part]

    init(reply: UInt64, _ parts: [Part]) {
        self.reply = reply
        self.parts = parts
    }

    func awaits(_ id: SignatureRequest.ID) -> Bool {
        self.parts.contains { part in
            guard case .awaited(id) = part else { return false }
            return true
        }
    }

    mutating func receive(_ signature: [UInt8], for id: SignatureRequest.ID) {
        for index in self.parts.indices {
            if case .awaited(id) = self.parts[index] { self.parts[index] = .signed(signature) }
        }
    }

    /// All signatures; nil while some are awaited.
    var signatures: HostKeyUpdate? {
        var blobs: [[UInt8]] = []
        for part in self.parts {
            guard case .signed(let signature) = part else { return nil }
            blobs.append(signature)
        }
        return HostKeyUpdate(blobs: blobs)
    }
}
