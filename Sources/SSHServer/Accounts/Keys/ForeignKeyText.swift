/// What people put into an authorized_keys file that is no line of one: keys as other programs write them, and lines that an editor
/// or a mail program has changed.
struct ForeignKeyText {
    let reason: String
    /// How its last line begins.
    private let end: String

    private static let known: [(beginning: String, end: String, reason: String)] = [
        (
            "---- BEGIN SSH2 PUBLIC KEY", "---- END",
            "a key in the format of RFC 4716, expected one line: `ssh-keygen -i -f FILE` makes it"
        ),
        (
            "-----BEGIN OPENSSH PRIVATE KEY", "-----END",
            "a private key, which belongs to nobody but its owner: expected the line of its .pub file"
        ),
        (
            "-----BEGIN", "-----END",
            "a PEM file, expected one line: `ssh-keygen -i -m PKCS8 -f FILE` makes it of a public key"
        ),
        (
            "PuTTY-User-Key-File-", "Private-MAC",
            "a key file of PuTTY, expected the line that PuTTYgen shows for OpenSSH"
        ),
    ]

    /// - Returns: nil unless a key in another format begins there.
    init?(beginningWith line: ArraySlice<UInt8>) {
        guard let known = Self.known.first(where: { line.starts(with: $0.beginning.utf8) }) else { return nil }
        (self.reason, self.end) = (known.reason, known.end)
    }

    func ends(with line: ArraySlice<UInt8>) -> Bool { line.starts(with: self.end.utf8) }

    /// Why a line has no key that is known; nil if nothing can be seen.
    static func reason(_ line: ArraySlice<UInt8>) -> String? {
        if line.starts(with: [0xef, 0xbb, 0xbf]) {
            return "a byte order mark stands in front of it: save the file as UTF-8 without one"
        }
        let isPiece = line.count >= 16 && line.allSatisfy { Self.base64.contains($0) }
        return isPiece ? "a piece of a key: the line before it is wrapped" : nil
    }

    private static let base64 = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=".utf8)

    /// With a byte order mark, or with every other byte of its beginning zero.
    static func isUTF16(_ bytes: [UInt8]) -> Bool {
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) { return true }
        let beginning = Array(bytes.prefix(64))
        guard beginning.count >= 16 else { return false }
        let zeros = { (parity: Int) in beginning.indices.count { $0 % 2 == parity && beginning[$0] == 0 } }
        return max(zeros(0), zeros(1)) >= beginning.count / 2 - 2 && min(zeros(0), zeros(1)) == 0
    }
}
