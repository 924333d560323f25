import SSHWire

/// "type base64 comment", the text of a public key or a certificate in a .pub file.
struct OpenSSHLine {
    let type: String
    let blob: [UInt8]

    /// - Throws: `invalidKey` if the line has another form, or `blob` would be longer than `limit`.
    init(_ line: String, limit: Int) throws {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
        let fields = line.utf8.split(maxSplits: 2, whereSeparator: isSpace)
        guard fields.count >= 2 else { throw SSHError(.invalidKey, "a public key is not of the form TYPE BASE64") }
        self.type = String(decoding: fields[0], as: UTF8.self)
        self.blob = try Base64.decode(Array(fields[1]), limit: (limit + 2) / 3 * 4)
    }
}
