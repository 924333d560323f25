import SSHSystem
package import SSHWire

/// `account@host` as a word of a shell's command line.
package struct ForwardingDestination: Sendable {
    package let text: String

    /// - Throws: `misuse` for what would be another word there, or none.
    package init(account: String, host: String) throws(SSHError) {
        guard AccountName(account) != nil, account.utf8.allSatisfy(Self.isPlain) else {
            throw SSHError(.misuse, "\"\(account.escapedForLog)\" cannot stand there as an account's name")
        }
        guard PublicHostKeys.isHost(host) else {
            throw SSHError(.misuse, "\"\(host.escapedForLog)\" is no host's name or address")
        }
        self.text = "\(account)@\(host)"
    }

    static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "._-".utf8.contains(byte)
        }
    }
}
