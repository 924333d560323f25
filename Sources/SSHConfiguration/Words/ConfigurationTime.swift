/// Times as both configurations have them: seconds, or numbers with units as in `1h30m`.
package enum ConfigurationTime {
    /// - Returns: nil if the text is no time, or a longer one than 2^31-1 seconds.
    package static func seconds(_ text: String) -> Int32? {
        var total: Int32 = 0
        var rest = text.utf8[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { (48...57).contains($0) }
            rest = rest[digits.endIndex...]
            let unit: Int32
            switch rest.popFirst() {
            case nil, UInt8(ascii: "s"), UInt8(ascii: "S"): unit = 1
            case UInt8(ascii: "m"), UInt8(ascii: "M"): unit = 60
            case UInt8(ascii: "h"), UInt8(ascii: "H"): unit = 3600
            case UInt8(ascii: "d"), UInt8(ascii: "D"): unit = 86_400
            case UInt8(ascii: "w"), UInt8(ascii: "W"): unit = 604_800
            default: return nil
            }
            guard let number = Int32(String(decoding: digits, as: UTF8.self)) else { return nil }
            let (part, tooLong) = number.multipliedReportingOverflow(by: unit)
            let (sum, sumTooLong) = total.addingReportingOverflow(part)
            guard !tooLong, !sumTooLong else { return nil }
            total = sum
        }
        return total
    }
}
