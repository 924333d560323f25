/// Addresses in SOCKS requests, as the text that `direct-tcpip` carries.
enum SOCKSAddress {
    static func ipv4(_ bytes: [UInt8]) -> String {
        bytes.map { "\($0)" }.joined(separator: ".")
    }

    /// In RFC 5952's form: lower case, no leading zeros, the longest run of zeros shortened.
    static func ipv6(_ bytes: [UInt8]) -> String {
        let groups = stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        var longest = 0..<0
        var start = 0
        while start < groups.count {
            let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
            if end - start > max(longest.count, 1) { longest = start..<end }
            start = max(end, start) + 1
        }
        let texts = groups.map { String($0, radix: 16) }
        guard !longest.isEmpty else { return texts.joined(separator: ":") }
        return texts[..<longest.lowerBound].joined(separator: ":") + "::"
            + texts[longest.upperBound...].joined(separator: ":")
    }

    /// Names are kept as they came, for the far end to resolve; what cannot be one never gets there or into a log.
    static func hostName(_ bytes: [UInt8]) -> String? {
        guard (1...255).contains(bytes.count), bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
