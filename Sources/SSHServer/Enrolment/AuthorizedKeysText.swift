import SSHSystem

/// The text of an authorized_keys file while lines come and go: all others stay as somebody wrote them, byte by byte.
struct AuthorizedKeysText {
    private(set) var bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Puts a line at the end.
    mutating func append(_ line: ClientLine) {
        // A last line without an end would swallow it.
        if let last = self.bytes.last, last != UInt8(ascii: "\n") { self.bytes.append(UInt8(ascii: "\n")) }
        self.bytes += line.text.utf8
        self.bytes.append(UInt8(ascii: "\n"))
    }

    /// - Parameter numbers: of lines, counted from 1.
    mutating func removeLines(_ numbers: Set<Int>) {
        var kept: [UInt8] = []
        kept.reserveCapacity(self.bytes.count)
        for (number, text) in FileLines(self.bytes) where !numbers.contains(number) {
            kept += self.bytes[text.startIndex..<min(text.endIndex + 1, self.bytes.endIndex)]
        }
        self.bytes = kept
    }

    /// The keys that the relay finds in it.
    ///
    /// - Parameter path: what diagnostics call the file.
    func keys(path: String) -> AuthorizedKeysFile { AuthorizedKeysFile(self.bytes, path: path) }
}
