extension Keyword {
    /// Unix sockets. The two PermitStreamLocal keywords are ours; OpenSSH has the others.
    static let unixSockets: [Keyword] = [
        .account("AllowStreamLocalForwarding", \.$allowStreamLocalForwarding, format: Self.text) {
            try $0.tcpForwarding()
        },
        .account("StreamLocalBindMask", \.$streamLocalBindMask, format: { "0" + String($0, radix: 8) }) {
            try $0.fileMask()
        },
        .account("StreamLocalBindUnlink", \.$streamLocalBindUnlink, format: Self.text) { try $0.flag() },
        .unixPaths("PermitStreamLocalListen", \.$permitStreamLocalListen),
        .unixPaths("PermitStreamLocalOpen", \.$permitStreamLocalOpen),
    ]

    /// No line and `none` are not the same: without a line a key's own list counts. So nothing is printed without one.
    private static func unixPaths(_ name: String, _ path: any AccountPath<[UnixPathPermission]>) -> Keyword {
        var keyword = Keyword.account(name, path, format: { _ in "" }, parse: { try $0.unixPaths() })
        keyword.format = { _, settings in
            let permissions = settings[keyPath: path].wrappedValue
            return permissions.isEmpty ? [] : [permissions.map(\.text).joined(separator: " ")]
        }
        return keyword
    }
}

extension Arguments {
    /// `any`, `none`, or patterns of absolute paths.
    fileprivate mutating func unixPaths() throws -> [UnixPathPermission] {
        try self.remaining("absolute paths, any or none").reduce(into: []) { permissions, text in
            try self.locating { try permissions.add(UnixPathPermission(text, rule: self.rule(for: text))) }
        }
    }

    /// Permission bits in octal, as umask(1) takes them.
    fileprivate mutating func fileMask() throws -> UInt32 {
        let expected = "an octal number up to 0777"
        let word = try self.required(expected)
        guard word.utf8.allSatisfy({ (0x30...0x37).contains($0) }), let mask = UInt32(word, radix: 8), mask <= 0o777
        else { throw self.problem("\"\(word)\" is wrong, expected \(expected)") }
        return mask
    }
}
