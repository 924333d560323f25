import SSHConfiguration

/// A device's name: lowercase letters, digits, `-`, `.` and `_`, at most 64 bytes.
struct DeviceName: Hashable, Sendable {
    /// Bytes.
    static let longest = 64

    let text: String

    /// - Parameter text: compared without case.
    /// - Throws: `InvalidValue` for what is no legal name.
    init(_ text: String) throws(InvalidValue) {
        let bytes = Array(text.asciiLowercased.utf8)
        guard !bytes.isEmpty else { throw InvalidValue("a name has at least one letter or digit") }
        guard bytes.count <= Self.longest else {
            throw InvalidValue("a name has at most \(Self.longest) bytes, and this has \(bytes.count)")
        }
        guard bytes.allSatisfy(Self.isLegal) else {
            throw InvalidValue("a name is made of the letters a to z, digits, -, . and _")
        }
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.allSatisfy({ !$0.isEmpty && $0.first != UInt8(ascii: "-") }) else {
            throw InvalidValue("a name has no empty part between its dots, and no part begins with -")
        }
        self.text = String(decoding: bytes, as: UTF8.self)
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }
}

/// A name with a port, in the world of one account: another account's is another.
struct RegisteredName: Hashable, Sendable, CustomStringConvertible {
    /// Bytes: texts that look alike are different accounts.
    private let account: [UInt8]
    let name: DeviceName
    let port: UInt16

    init(_ name: DeviceName, port: UInt16, of account: String) {
        self.account = Array(account.utf8)
        self.name = name
        self.port = port
    }

    func isOf(_ account: String) -> Bool { self.account.elementsEqual(account.utf8) }

    func isOfSameAccount(as other: RegisteredName) -> Bool { self.account == other.account }

    var description: String { "\(self.name.text):\(self.port)" }
}
