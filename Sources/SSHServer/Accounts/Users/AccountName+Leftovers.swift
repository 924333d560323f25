import SSHConfiguration

extension AccountName {
    /// What programs put behind the name of a file that they copy or are about to replace.
    private static let suffixes = [
        "~", "#", ".bak", ".dist", ".dpkg-bak", ".dpkg-dist", ".dpkg-new", ".dpkg-old", ".dpkg-tmp", ".new", ".old",
        ".orig",
        ".rej", ".rpmnew", ".rpmorig", ".rpmsave", ".save", ".swo", ".swp", ".tmp", ".ucf-dist", ".ucf-new", ".ucf-old",
    ]

    /// Whether a file of this name beside an account's own is a copy of it: with keys that were taken out since, and without the
    /// Match blocks and DenyUsers that name the account.
    var isLeftover: Bool {
        let bytes = Array(self.text.asciiLowercased.utf8)
        return bytes.first == UInt8(ascii: "#")
            || Self.suffixes.contains { bytes.reversed().starts(with: $0.utf8.reversed()) }
    }
}
