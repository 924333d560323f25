extension String {
    /// The text as it may reach a terminal: control characters, and characters that change what others look like, are
    /// written in octal (`\033`). Line ends and tabs go too, unless they are asked for.
    package func escapedForTerminal(keepingLines: Bool = false) -> String {
        guard self.unicodeScalars.contains(where: { !Self.isHarmless($0, keepingLines) }) else { return self }
        var escaped = ""
        for scalar in self.unicodeScalars {
            if Self.isHarmless(scalar, keepingLines) {
                escaped.unicodeScalars.append(scalar)
            } else {
                for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { escaped += byte.octal }
            }
        }
        return escaped
    }

    /// Nothing in it ends a line, is a control character, changes what others look like, or was no UTF-8.
    package var isOneLine: Bool { self.escapedForTerminal() == self && !self.unicodeScalars.contains("\u{fffd}") }

    private static func isHarmless(_ scalar: Unicode.Scalar, _ keepingLines: Bool) -> Bool {
        if scalar.isASCII {
            return (0x20...0x7e).contains(scalar.value) || keepingLines && (scalar == "\n" || scalar == "\t")
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return false
        default: return true
        }
    }
}
