import SSHConfiguration
import SSHWire

/// One line of ssh_config, or one `-o`, split into its keyword and arguments.
struct ConfigurationLine {
    let file: String
    let number: Int
    /// In lower case, as keywords are compared.
    let keyword: String
    /// Everything after the keyword as it was written: commands take it whole.
    let rest: String
    private var arguments: ArraySlice<String>

    /// - Returns: nil for an empty line or a comment.
    init?(_ text: some Sequence<UInt8>, file: String, number: Int) throws {
        self.file = file
        self.number = number
        var bytes = ArraySlice(text)
        while let last = bytes.last, Self.isSpace(last) { bytes.removeLast() }
        bytes = bytes.drop { Self.isSpace($0) }
        guard let first = bytes.first, first != UInt8(ascii: "#") else { return nil }
        guard !bytes.contains(0) else { throw Self.failure(file, number, "a NUL byte") }
        guard let keyword = Self.takeWord(&bytes), !keyword.isEmpty else {
            throw Self.failure(file, number, "invalid quotes")
        }
        self.keyword = keyword.lowercased()
        self.rest = String(decoding: bytes, as: UTF8.self)
        guard let arguments = ConfigurationWords.split(bytes) else {
            throw Self.failure(file, number, "invalid quotes")
        }
        self.arguments = arguments[...]
    }

    mutating func next() throws -> String {
        guard let argument = self.arguments.popFirst() else {
            throw self.failure("no argument after keyword \"\(self.keyword)\"")
        }
        guard !argument.isEmpty else { throw self.failure("empty argument for keyword \"\(self.keyword)\"") }
        return argument
    }

    mutating func nextIfAny() -> String? {
        self.arguments.popFirst()
    }

    mutating func remaining() throws -> [String] {
        var all = [try self.next()]
        while !self.arguments.isEmpty { all.append(try self.next()) }
        return all
    }

    /// For keywords whose value is the rest of the line.
    mutating func takeRest() throws -> String {
        self.arguments = []
        guard !self.rest.isEmpty else { throw self.failure("no argument after keyword \"\(self.keyword)\"") }
        return self.rest
    }

    mutating func discardArguments() {
        self.arguments = []
    }

    func expectEnd() throws {
        guard self.arguments.isEmpty else {
            throw self.failure("keyword \(self.keyword) extra arguments at end of line")
        }
    }

    func failure(_ reason: String) -> SSHError {
        Self.failure(self.file, self.number, reason)
    }

    /// Where it stands, for people.
    var place: String { self.number == 0 ? "on the command line" : "\(self.file) line \(self.number)" }

    private static func failure(_ file: String, _ number: Int, _ reason: String) -> SSHError {
        SSHError(.invalidConfiguration, "\(file) line \(number): \(reason)")
    }

    /// The next word where white space or one `=` separates words, as before a keyword's value and in Match.
    static func takeWord(_ bytes: inout ArraySlice<UInt8>) -> String? {
        var word: [UInt8] = []
        if bytes.first == UInt8(ascii: "\"") {
            guard let end = bytes.dropFirst().firstIndex(of: UInt8(ascii: "\"")) else { return nil }
            word = Array(bytes[..<end].dropFirst())
            bytes = bytes[end...].dropFirst()
        } else {
            while let byte = bytes.first, !Self.isSpace(byte), byte != UInt8(ascii: "="),
                byte != UInt8(ascii: "\"")
            {
                word.append(byte)
                bytes.removeFirst()
            }
        }
        bytes = bytes.drop { Self.isSpace($0) }
        if bytes.first == UInt8(ascii: "=") {
            bytes = bytes.dropFirst().drop { Self.isSpace($0) }
        }
        return String(decoding: word, as: UTF8.self)
    }

    /// White space of C's isspace(3).
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0d).contains(byte)
    }
}
