import SSHWire

/// Base64 (RFC 4648 §4), in its strict form: no white space, padding complete, no stray bits.
public enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    /// - Parameter padded: whether "=" fills up the last group; fingerprints do without.
    public static func encode(_ bytes: some Sequence<UInt8>, padded: Bool = true) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.underestimatedCount + 2) / 3 * 4)
        var group: UInt32 = 0
        var count = 0
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            count += 1
            if count == 3 {
                Self.append(group, characters: 4, to: &text)
                (group, count) = (0, 0)
            }
        }
        if count > 0 {
            Self.append(group << (8 * UInt32(3 - count)), characters: count + 1, to: &text)
            if padded { text.append(contentsOf: repeatElement(Self.padding, count: 3 - count)) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Throws: `invalidKey` if the text is not strict Base64, or longer than `limit`.
    public static func decode(_ text: some StringProtocol, limit: Int = 65_536) throws -> [UInt8] {
        try Self.decode(Array(text.utf8), limit: limit)
    }

    /// - Throws: `invalidKey` if the text is not strict Base64, or longer than `limit`.
    public static func decode(_ text: [UInt8], limit: Int = 65_536) throws -> [UInt8] {
        guard text.count <= limit else {
            throw SSHError(.invalidKey, "a Base64 text of \(text.count) characters is longer than \(limit)")
        }
        let characters = text.count - text.suffix(2).count { $0 == Self.padding }
        guard text.count % 4 == 0, !(text.last != Self.padding && characters < text.count) else {
            throw Self.malformed()
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for character in text[..<characters] {
            bits = bits << 6 | UInt32(try Self.value(of: character))
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
                bits &= (1 << bitCount) - 1
            }
        }
        guard bits == 0 else { throw Self.malformed() }
        return bytes
    }

    private static func append(_ group: UInt32, characters: Int, to text: inout [UInt8]) {
        for index in 0..<UInt32(characters) {
            text.append(Self.alphabet[Int(group >> (18 - 6 * index) & 63)])
        }
    }

    private static func value(of character: UInt8) throws -> UInt8 {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: throw Self.malformed()
        }
    }

    private static func malformed() -> SSHError {
        SSHError(.invalidKey, "a text is not valid Base64")
    }
}
