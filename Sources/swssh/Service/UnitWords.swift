import SSHWire

/// How names and words are written in systemd's units.
enum UnitWords {
    /// What `systemd-escape` makes of a text, so that it can be part of a unit's name (systemd.unit(5)).
    static func escaped(_ text: String) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var name: [UInt8] = []
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "/"): name.append(UInt8(ascii: "-"))
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: ":"), UInt8(ascii: "_"):
                name.append(byte)
            case UInt8(ascii: ".") where index > 0: name.append(byte)
            default: name += [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: name, as: UTF8.self)
    }

    /// A word of ExecStart that stands for just this text (systemd.service(5), "Command lines").
    ///
    /// - Throws: `invalidConfiguration` for control characters: a line ends with its end.
    static func quoted(_ text: String) throws(SSHError) -> String {
        var quoted = "\""
        for scalar in try self.checked(text).unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "%", "$": quoted += "\(scalar)\(scalar)"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// The program of ExecStart: no variable stands for a part of it, so that `$` cannot be doubled.
    ///
    /// - Throws: `invalidConfiguration` if the path cannot be written.
    static func program(_ path: String) throws(SSHError) -> String {
        guard path.first == "/", !path.contains("$") else {
            throw SSHError(.invalidConfiguration, "systemd cannot start a program at \(path)")
        }
        return try self.quoted(path)
    }

    /// A text that a setting takes as it is, but for specifiers.
    static func plain(_ text: String) throws(SSHError) -> String {
        try self.checked(text).split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
    }

    private static func checked(_ text: String) throws(SSHError) -> String {
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
            throw SSHError(.invalidConfiguration, "a control character cannot stand in a unit of systemd")
        }
        return text
    }
}
