import SSHConfiguration

/// Reads one JSON value strictly: what is not RFC 8259 to the letter, names a member twice, or is nested deeply is an error.
struct JSONReader {
    /// A reply's line has lists of objects in an object.
    private static let mostNested = 4

    private let bytes: [UInt8]
    private var position = 0

    /// - Parameter bytes: the value and nothing else but spaces around it; the caller bounds how many.
    /// - Throws: `InvalidValue`.
    static func read(_ bytes: some Sequence<UInt8>) throws(InvalidValue) -> JSONValue {
        var reader = JSONReader(bytes: Array(bytes))
        let value = try reader.value(nested: 0)
        reader.skipSpaces()
        guard reader.next == nil else { throw InvalidValue("something follows the JSON value") }
        return value
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var next: UInt8? { self.position < self.bytes.count ? self.bytes[self.position] : nil }

    private mutating func value(nested depth: Int) throws(InvalidValue) -> JSONValue {
        guard depth <= Self.mostNested else { throw InvalidValue("JSON is nested too deeply") }
        self.skipSpaces()
        switch self.next {
        case UInt8(ascii: "{"): return try self.object(depth)
        case UInt8(ascii: "["): return try self.array(depth)
        case UInt8(ascii: "\""): return .string(try self.text())
        case .some(0x30...0x39): return .number(try self.number())
        case UInt8(ascii: "t") where self.take("true"): return .flag(true)
        case UInt8(ascii: "f") where self.take("false"): return .flag(false)
        default: throw InvalidValue("expected a JSON value")
        }
    }

    private mutating func object(_ depth: Int) throws(InvalidValue) -> JSONValue {
        var members: [String: JSONValue] = [:]
        try self.items(upTo: UInt8(ascii: "}")) { reader throws(InvalidValue) in
            reader.skipSpaces()
            let name = try reader.text()
            reader.skipSpaces()
            guard reader.take(UInt8(ascii: ":")) else { throw InvalidValue("expected a colon in JSON") }
            guard members.updateValue(try reader.value(nested: depth + 1), forKey: name) == nil else {
                throw InvalidValue("\"\(name)\" stands twice")
            }
        }
        return .object(members)
    }

    private mutating func array(_ depth: Int) throws(InvalidValue) -> JSONValue {
        var values: [JSONValue] = []
        try self.items(upTo: UInt8(ascii: "]")) { reader throws(InvalidValue) in
            values.append(try reader.value(nested: depth + 1))
        }
        return .array(values)
    }

    /// What stands between a bracket, which comes next, and the one that closes it.
    private mutating func items(
        upTo end: UInt8,
        _ item: (inout JSONReader) throws(InvalidValue) -> Void
    ) throws(InvalidValue) {
        self.position += 1
        self.skipSpaces()
        guard !self.take(end) else { return }
        repeat {
            try item(&self)
            self.skipSpaces()
        } while self.take(UInt8(ascii: ","))
        guard self.take(end) else { throw InvalidValue("a list or an object of JSON has no end") }
    }

    private mutating func number() throws(InvalidValue) -> UInt64 {
        let digits = self.bytes[self.position...].prefix { (0x30...0x39).contains($0) }
        self.position += digits.count
        guard digits.count == 1 || digits.first != UInt8(ascii: "0"),
            let number = UInt64(String(decoding: digits, as: UTF8.self)),
            ![UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(self.next)
        else { throw InvalidValue("expected a whole number in JSON") }
        return number
    }

    private mutating func text() throws(InvalidValue) -> String {
        guard self.take(UInt8(ascii: "\"")) else { throw InvalidValue("expected a text in JSON") }
        var escaped: [UInt8] = []
        var start = self.position
        while let byte = self.next {
            switch byte {
            case UInt8(ascii: "\""):
                let rest = self.bytes[start..<self.position]
                self.position += 1
                // Mostly nothing was escaped.
                let text = escaped.isEmpty ? rest : escaped + rest
                guard let string = String(validating: text, as: UTF8.self) else { throw InvalidValue("no UTF-8") }
                return string
            case UInt8(ascii: "\\"):
                escaped += self.bytes[start..<self.position]
                self.position += 1
                escaped += try self.escaped()
                start = self.position
            case 0x00..<0x20: throw InvalidValue("a control character in a text of JSON")
            default: self.position += 1
            }
        }
        throw InvalidValue("a text of JSON has no end")
    }

    private mutating func escaped() throws(InvalidValue) -> [UInt8] {
        guard let byte = self.next else { throw InvalidValue("a text of JSON has no end") }
        self.position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "u"): return Array(String(Character(try self.scalar())).utf8)
        default: throw InvalidValue("an unknown escape in JSON")
        }
    }

    /// RFC 8259 §7: what is beyond the first plane stands as two surrogates.
    private mutating func scalar() throws(InvalidValue) -> Unicode.Scalar {
        let first = UInt32(try self.codeUnit())
        guard (0xD800..<0xDC00).contains(first) else {
            guard let scalar = Unicode.Scalar(first) else { throw InvalidValue("half a surrogate pair in JSON") }
            return scalar
        }
        guard self.take("\\u") else { throw InvalidValue("half a surrogate pair in JSON") }
        let second = UInt32(try self.codeUnit())
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw InvalidValue("half a surrogate pair in JSON") }
        return scalar
    }

    private mutating func codeUnit() throws(InvalidValue) -> UInt16 {
        let digits = self.bytes[self.position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy(\.isHexadecimalDigit),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw InvalidValue("expected four hexadecimal digits in JSON") }
        self.position += 4
        return unit
    }

    private mutating func skipSpaces() {
        while let byte = self.next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { self.position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard self.next == byte else { return false }
        self.position += 1
        return true
    }

    private mutating func take(_ word: String) -> Bool {
        guard self.bytes[self.position...].starts(with: word.utf8) else { return false }
        self.position += word.utf8.count
        return true
    }
}

extension UInt8 {
    fileprivate var isHexadecimalDigit: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}
