import SSHConfiguration

extension Keyword {
    /// Keywords of ours for those who run the relay.
    static let operation: [Keyword] = [
        Self.controlSocket,
        .server("StateDirectory", \.$stateDirectory, format: { $0 ?? "none" }) { try $0.folderOrNone() },
        .server("LogFormat", \.$logFormat, format: \.rawValue) { try $0.word() },
        .server("ProxyProtocolFrom", \.$proxyProtocolFrom, format: Self.text) { try $0.addressRanges() },
        .account("ProxyProtocolListen", \.$proxyProtocolListen, format: Self.text) {
            try $0.permitList(allowsBarePort: true)
        },
        .account("ProxyProtocolOpen", \.$proxyProtocolOpen, format: Self.text) {
            try $0.permitList(allowsBarePort: false)
        },
    ]

    /// Printed as the path that it comes to.
    private static let controlSocket: Keyword = {
        var keyword = Keyword.server("ControlSocket", \.$controlSocket, format: { _ in "" }) {
            try $0.controlSocketPlace()
        }
        keyword.format = { configuration, _ in [configuration.controlSocketPath ?? "none"] }
        return keyword
    }()

    @Sendable private static func text(_ ranges: [AddressRange]) -> String {
        ranges.isEmpty ? "none" : ranges.map(\.text).joined(separator: " ")
    }
}

extension Arguments {
    /// An absolute path, or `none`.
    fileprivate mutating func controlSocketPlace() throws -> ControlSocketPlace {
        guard let path = try self.pathOrNone() else { return .nowhere }
        guard (try? UnixPath(path)) != nil else {
            let expected = "an absolute path of at most \(UnixPath.maximumLength) bytes without . and .., or none"
            throw self.problem("\"\(path)\" is wrong, expected \(expected)")
        }
        return .path(path)
    }

    /// The absolute path of a folder; nil for `none`.
    fileprivate mutating func folderOrNone() throws -> String? {
        guard let path = try self.pathOrNone() else { return nil }
        guard path.utf8.first == UInt8(ascii: "/"), path.utf8.count <= ServerConfiguration.longestStateDirectory,
            (try? UnixPath.split(path)) != nil, !path.unicodeScalars.contains(where: \.isControl)
        else {
            let most = ServerConfiguration.longestStateDirectory
            let expected = "an absolute path of at most \(most) bytes without . and .., or none"
            throw self.problem("\"\(path)\" is wrong, expected \(expected)")
        }
        return path
    }

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
