extension String {
    /// The text as it may stand in a log line or on a terminal: everything but printable ASCII is written in octal as sshd
    /// writes it (`\033`), a backslash is doubled, and a text of more than 1,024 bytes is cut.
    package var escapedForLog: String {
        let limit = 1024
        guard
            !self.utf8.allSatisfy({ (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "\\") }) || self.utf8.count > limit
        else { return self }
        var escaped: [UInt8] = []
        for byte in self.utf8.prefix(limit) {
            switch byte {
            case UInt8(ascii: "\\"): escaped += [byte, byte]
            case 0x20...0x7e: escaped.append(byte)
            default: escaped += byte.octal.utf8
            }
        }
        if self.utf8.count > limit { escaped += "...".utf8 }
        return String(decoding: escaped, as: UTF8.self)
    }
}
