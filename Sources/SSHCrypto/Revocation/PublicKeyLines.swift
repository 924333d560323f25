import SSHWire

/// Public keys line by line, as RevokedKeys and TrustedUserCAKeys hold them. sshd reads such a file up to the first line
/// that is no key, and so is it here.
public struct PublicKeyLines: Sendable {
    public struct Problem: Hashable, Sendable {
        /// Counted from 1.
        public let line: Int
        public let reason: String
    }

    /// The keys up to the first line that is none, with the number of the line that names each first.
    private(set) var numbers: [ListedKey: Int] = [:]
    /// The line that is no key; nothing behind it was read.
    public private(set) var problem: Problem?

    public init(_ bytes: [UInt8]) {
        var number = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let line = line.drop { $0 == 0x20 || $0 == 0x09 }
            guard let first = line.first, first != UInt8(ascii: "#"), first != 0 else { continue }
            do {
                let key = try ListedKey(line: line)
                if !key.isTooShort, self.numbers[key] == nil { self.numbers[key] = number }
            } catch {
                self.problem = Problem(line: number, reason: (error as? SSHError)?.reason ?? "\(error)")
                return
            }
        }
    }

    /// The number of the line that names the key itself, not a certificate for it; nil if none does.
    public func line(of key: PublicKey) -> Int? {
        self.numbers[ListedKey(key)]
    }
}

extension ListedKey {
    fileprivate init(_ key: PublicKey) {
        (self.blob, self.isCertificate, self.isTooShort) = (key.blob, false, false)
    }
}
