import Glibc
import SSHClient
import SSHSystem

/// What a server says to people, byte by byte as ssh shows it.
enum ServerText {
    /// Line ends, carriage returns and tabs stay. Bytes that are no character of the user's locale, and characters that drive a
    /// terminal or change what others look like, are written in octal (`\033`).
    static func forTerminal(_ bytes: [UInt8], isUTF8: Bool = Self.localeIsUTF8) -> String {
        var shown = ""
        shown.reserveCapacity(bytes.count)
        var parser = Unicode.UTF8.ForwardParser()
        var rest = bytes.makeIterator()
        var position = 0
        while true {
            switch parser.parseScalar(from: &rest) {
            case .valid(let encoded):
                let scalar = Unicode.UTF8.decode(encoded)
                position += encoded.count
                let isLineEnd = scalar == "\n" || scalar == "\r" || scalar == "\t"
                if isLineEnd
                    || (scalar.isASCII || isUTF8) && String(scalar).escapedForTerminal().utf8.elementsEqual(encoded)
                {
                    shown.unicodeScalars.append(scalar)
                } else {
                    shown += Self.octal(encoded)
                }
            case .error(let length):
                shown += Self.octal(bytes[position..<min(position + length, bytes.count)])
                position += length
            case .emptyInput:
                return shown
            }
        }
    }

    private static func octal(_ bytes: some Sequence<UInt8>) -> String { bytes.map(\.octal).joined() }

    /// What setlocale(3) would go by.
    static var localeIsUTF8: Bool {
        for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
            guard let value = getenv(name), value.pointee != 0 else { continue }
            let text = String(cString: value).lowercased()
            return text.hasSuffix("utf-8") || text.hasSuffix("utf8")
        }
        return false
    }
}
