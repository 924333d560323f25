/// The words of a line, as sshd and ssh cut it (argv_split of OpenSSH's misc.c).
package enum ConfigurationWords {
    /// Words between blanks. Both quotes group; a backslash escapes quotes, itself and, outside quotes, a space; a `#` that
    /// begins a word ends the line.
    ///
    /// - Parameter commentsEnd: the line; else a `#` is like any other character.
    /// - Returns: nil if a quote does not close.
    package static func split(_ bytes: ArraySlice<UInt8>, commentsEnd: Bool = true) -> [String]? {
        var words: [String] = []
        var rest = bytes
        while true {
            rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard let first = rest.first, first != UInt8(ascii: "#") || !commentsEnd else { return words }
            guard let word = Self.takeWord(&rest) else { return nil }
            words.append(String(decoding: word, as: UTF8.self))
        }
    }

    private static func takeWord(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        var word: [UInt8] = []
        var quote: UInt8?
        while let byte = rest.first {
            let next = rest.dropFirst().first
            switch byte {
            case UInt8(ascii: "\\") where Self.isEscapable(next, quoted: quote != nil):
                rest.removeFirst()
                if let next { word.append(next) }
            case UInt8(ascii: " ") where quote == nil, UInt8(ascii: "\t") where quote == nil:
                return word
            case UInt8(ascii: "\"") where quote == nil, UInt8(ascii: "'") where quote == nil:
                quote = byte
            case quote:
                quote = nil
            default:
                word.append(byte)
            }
            rest.removeFirst()
        }
        return quote == nil ? word : nil
    }

    private static func isEscapable(_ byte: UInt8?, quoted: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"): true
        case UInt8(ascii: " "): !quoted
        default: false
        }
    }
}
