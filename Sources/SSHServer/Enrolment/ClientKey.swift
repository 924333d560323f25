package import SSHCrypto
import SSHSystem
package import SSHWire

/// A public key as people hand it over: the one line of a .pub file.
package struct ClientKey: Sendable {
    package let key: PublicKey
    /// Without blanks around it; empty if there is none.
    package let comment: String

    /// Bytes of a text that holds a key: no .pub file is longer.
    package static let longestText = 16 << 10

    /// - Throws: `invalidKey` unless the text is one line with a public key, and perhaps lines that begin with `#`.
    package init(_ bytes: [UInt8]) throws(SSHError) {
        guard bytes.count <= Self.longestText else { throw SSHError(.invalidKey, "too long for a public key") }
        let lines = bytes.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
            .map { Array($0.drop { $0 == 0x20 || $0 == 0x09 }) }
            .filter { !$0.isEmpty && $0.first != UInt8(ascii: "#") }
        if let line = lines.first, let foreign = ForeignKeyText(beginningWith: line[...]) {
            throw SSHError(.invalidKey, foreign.reason)
        }
        guard lines.count == 1, let line = String(validating: lines[0], as: UTF8.self) else {
            throw SSHError(.invalidKey, "expected one line with a public key, as in a .pub file")
        }
        let words = line.utf8.split(maxSplits: 2) { $0 == 0x20 || $0 == 0x09 }
        guard !Certificate.isCertificateType(words.first.map { String(decoding: $0, as: UTF8.self) } ?? "") else {
            throw SSHError(.invalidKey, "a certificate; expected the public key itself, or TrustedUserCAKeys")
        }
        do {
            self.key = try PublicKey(openSSHLine: line)
        } catch {
            throw SSHError(.invalidKey, "no public key: \((error as? SSHError)?.reason ?? "\(error)")")
        }
        let comment = words.count > 2 ? String(decoding: words[2], as: UTF8.self) : ""
        self.comment = String(
            comment.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed()
        )
    }
}
