import Glibc

/// Ports as ssh reads them on its command line and in its files: decimal digits, or a TCP service's name.
enum PortNumber {
    static func parse(_ text: some StringProtocol) -> UInt16? {
        if let number = decimal(text) { return UInt16(exactly: number) }
        guard !text.isEmpty, !text.utf8.contains(0), let service = getservbyname(String(text), "tcp") else {
            return nil
        }
        return UInt16(truncatingIfNeeded: service.pointee.s_port).byteSwapped
    }

    /// Digits alone: no sign, no space, no overflow. Leading zeros are legal.
    static func decimal(_ text: some StringProtocol) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(text)
    }
}
