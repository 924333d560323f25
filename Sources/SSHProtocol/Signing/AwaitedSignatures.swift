import SSHCrypto
import SSHWire

/// The signatures that an engine has asked for and that are not there yet: a few at most.
struct AwaitedSignatures {
    private var requests: [SignatureRequest] = []
    private var next: UInt64 = 0

    var isEmpty: Bool { self.requests.isEmpty }

    func contains(_ purpose: SignatureRequest.Purpose) -> Bool {
        self.requests.contains { $0.purpose == purpose }
    }

    mutating func ask(
        for purpose: SignatureRequest.Purpose,
        by key: PublicKey,
        algorithm: String,
        over bytes: [UInt8]
    ) -> SignatureRequest {
        let request = SignatureRequest(
            id: SignatureRequest.ID(number: self.next),
            purpose: purpose,
            key: key,
            algorithm: algorithm,
            bytes: bytes
        )
        self.next += 1
        self.requests.append(request)
        return request
    }

    /// Nobody has heard of these.
    mutating func withdraw(_ requests: [SignatureRequest]) {
        let ids = Set(requests.map(\.id))
        self.requests.removeAll { ids.contains($0.id) }
    }

    /// The request of that name, which is answered with this.
    ///
    /// - Throws: `misuse` if it was answered before, or never made.
    mutating func take(_ id: SignatureRequest.ID) throws -> SignatureRequest {
        guard let place = self.requests.firstIndex(where: { $0.id == id }) else {
            throw SSHError(.misuse, "no such signature is awaited")
        }
        return self.requests.remove(at: place)
    }
}
