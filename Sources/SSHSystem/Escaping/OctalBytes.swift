extension UInt8 {
    /// `\033`: how OpenSSH shows a byte that must not reach a terminal or a log.
    package var octal: String {
        let digits = String(self, radix: 8)
        return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
    }
}
