extension IPAddress {
    /// An address in a file: as sshd, also in the old forms of inet_aton(3) such as `127.1`, `0x7f000001` and `0177.0.0.1`.
    package init?(inFile text: String) {
        if let address = IPAddress(text) {
            self = address
            return
        }
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Self.number(String(decoding: $0, as: UTF8.self)) }
        guard (1...4).contains(parts.count), numbers.count == parts.count, let last = numbers.last,
            numbers.dropLast().allSatisfy({ $0 <= 0xff })
        else { return nil }
        // The last number stands for all the bytes that are left.
        let left = UInt64(8 * (5 - numbers.count))
        guard last < 1 << left else { return nil }
        let first = numbers.dropLast().enumerated().reduce(UInt64(0)) { $0 | $1.element << UInt64(24 - 8 * $1.offset) }
        self.init(ipv4: UInt32(truncatingIfNeeded: first | last))
    }

    /// Decimal, octal behind a `0`, or hexadecimal behind `0x`.
    private static func number(_ text: String) -> UInt64? {
        let lowercased = text.asciiLowercased
        let (digits, radix) =
            lowercased.hasPrefix("0x")
            ? (lowercased.dropFirst(2), 16)
            : text.utf8.count > 1 && text.hasPrefix("0") ? (text.dropFirst(), 8) : (text[...], 10)
        guard let first = digits.utf8.first, first != UInt8(ascii: "+"), let number = UInt32(digits, radix: radix)
        else {
            return nil
        }
        return UInt64(number)
    }
}
