extension String {
    /// Lower case for ASCII letters only, as C's tolower in sshd's locale.
    package var asciiLowercased: String {
        String(decoding: self.utf8.map { (65...90).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// `==` would take for one what Unicode has two spellings of, and so a name that no rule names for one that is permitted.
    package func hasSameBytes(as other: String) -> Bool {
        self.utf8.elementsEqual(other.utf8)
    }
}
