import Glibc

/// A numeric IPv4 or IPv6 address, as it came from a socket or a file.
package struct IPAddress: Hashable, Sendable {
    /// 4 or 16 bytes in network order.
    package private(set) var bytes: [UInt8]
    /// What follows `%` in a link-local IPv6 address.
    package let scope: String

    /// Only the canonical numeric forms: `127.1` and `0x7f000001` are no addresses here.
    package init?(_ text: String) {
        guard text.utf8.count < 128, !text.utf8.contains(0) else { return nil }
        // Bytes instead of in_addr: several modules have a claim to that type, and the compiler takes now one, now another.
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.bytes = Array(bytes[..<4])
            self.scope = ""
            return
        }
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let numeric = parts.first, inet_pton(AF_INET6, String(numeric), &bytes) == 1 else { return nil }
        self.bytes = bytes
        self.scope = parts.count > 1 ? String(parts[1]) : ""
    }

    package init(ipv4 number: UInt32) {
        self.bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
        self.scope = ""
    }

    /// As the system writes it.
    package var text: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = self.bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, self.bytes, &buffer, socklen_t(buffer.count)) != nil else { return "" }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return self.scope.isEmpty ? text : "\(text)%\(self.scope)"
    }

    package var bitCount: Int { self.bytes.count * 8 }

    /// An IPv4 client of an IPv6 socket, as the IPv4 address that it is.
    package var normalized: IPAddress {
        guard self.bytes.count == 16, self.bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]) else {
            return self
        }
        var address = self
        address.bytes = Array(self.bytes[12...])
        return address
    }

    /// The address with all bits after the first `prefix` cleared.
    package func masked(to prefix: Int) -> IPAddress {
        var address = self
        for index in address.bytes.indices {
            let bits = min(max(prefix - index * 8, 0), 8)
            address.bytes[index] &= ~UInt8(truncatingIfNeeded: 0xff >> bits)
        }
        return address
    }
}

/// `192.0.2.0/24`, `2001:db8::/32`, or one address.
package struct AddressRange: Hashable, Sendable {
    package let text: String
    package let base: IPAddress
    package let prefix: Int

    /// - Returns: nil if the text is no address at all (it may be a pattern).
    /// - Throws: `InvalidValue` for a mask that is too long or cuts the address.
    package init?(_ text: String) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, let base = IPAddress(inFile: parts[0]) else {
            // sshd would compare it as a pattern, which no address ever matches: somebody's rule would silently not hold.
            guard parts.count == 1 else {
                throw InvalidValue("\"\(text)\" is not an address with a mask length, expected e.g. 192.0.2.0/24")
            }
            return nil
        }
        self.text = text
        self.base = base
        guard parts.count == 2 else {
            self.prefix = base.bitCount
            return
        }
        guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let prefix = Int(parts[1]), prefix <= base.bitCount
        else {
            throw InvalidValue("\"\(text)\" has a wrong mask length, expected a number up to \(base.bitCount)")
        }
        guard base.masked(to: prefix) == base else {
            throw InvalidValue("\"\(text)\" has bits set after its mask length, expected zeros there")
        }
        self.prefix = prefix
    }

    package func contains(_ address: IPAddress) -> Bool {
        address.bitCount == self.base.bitCount && address.masked(to: self.prefix) == self.base
    }
}
