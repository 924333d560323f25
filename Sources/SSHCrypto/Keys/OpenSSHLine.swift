import SSHWire

/// "type base64 comment", the text of a public key or a certificate in a .pub file.
struct OpenSSHLine {
    let type: String
    let blob: [UInt8]

    /// - Throws: `invalidKey` if the line has another form, or `blob` would be longer than `limit`.
    init(_ line: String, limit: Int) throws {
        try self.init(fields: line.utf8.split(maxSplits: 2, whereSeparator: Self.isSpace), limit: limit)
    }

    /// A line of a file of keys, where only blanks and tabs part words, as in sshd. The comment may hold any bytes.
    ///
    /// - Throws: `invalidKey` if the line has another form, or `blob` would be longer than `limit`.
    init(_ line: ArraySlice<UInt8>, limit: Int) throws {
        var fields = line.split(maxSplits: 2) { $0 == 0x20 || $0 == 0x09 }
        // The end of the line may have two characters.
        while fields.count == 2, let last = fields[1].last, Self.isSpace(last) { fields[1].removeLast() }
        try self.init(fields: fields, limit: limit)
    }

    private init(fields: [some Collection<UInt8>], limit: Int) throws {
        guard fields.count >= 2 else { throw SSHError(.invalidKey, "a public key is not of the form TYPE BASE64") }
        self.type = String(decoding: fields[0], as: UTF8.self)
        self.blob = try Base64.decode(Array(fields[1]), limit: (limit + 2) / 3 * 4)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0d).contains(byte)
    }
}
