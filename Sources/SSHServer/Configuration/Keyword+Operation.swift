import SSHConfiguration

extension Keyword {
    /// Keywords of ours for those who run the relay.
    static let operation: [Keyword] = [
        .server("LogFormat", \.$logFormat, format: \.rawValue) { try $0.word() },
        .server("ProxyProtocolFrom", \.$proxyProtocolFrom, format: Self.text) { try $0.addressRanges() },
        .account("ProxyProtocolListen", \.$proxyProtocolListen, format: Self.text) {
            try $0.permitList(allowsBarePort: true)
        },
        .account("ProxyProtocolOpen", \.$proxyProtocolOpen, format: Self.text) {
            try $0.permitList(allowsBarePort: false)
        },
    ]

    @Sendable private static func text(_ ranges: [AddressRange]) -> String {
        ranges.isEmpty ? "none" : ranges.map(\.text).joined(separator: " ")
    }
}

extension Arguments {
    /// Addresses and address ranges, or `none` alone.
    fileprivate mutating func addressRanges() throws -> [AddressRange] {
        let expected = "addresses such as 192.0.2.7 or 2001:db8::/32, or none"
        let words = try self.remaining(expected)
        if words.count == 1, words[0].asciiLowercased == "none" { return [] }
        return try words.map { word in
            guard let range = try self.locating({ try AddressRange(word) }) else {
                throw self.problem("\"\(word)\" is wrong, expected \(expected)")
            }
            return range
        }
    }
}
