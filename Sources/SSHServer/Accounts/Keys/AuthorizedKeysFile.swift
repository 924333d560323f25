import SSHConfiguration
import SSHCrypto
import SSHSystem
import SSHWire

/// The lines of one authorized_keys file.
///
/// A line longer than 256 KiB, with a NUL byte, or with options that are not UTF-8 is void. OpenSSH has no such limits, but
/// a key of 16384 bits takes 3 KB of a line, and 4,096 permissions with long names less than 256.
public struct AuthorizedKeysFile: Sendable {
    public private(set) var keys: [AuthorizedKey] = []
    public private(set) var problems: [AuthorizedKeysProblem] = []

    static let lineLimit = 256 * 1024
    /// So many lines that are not used are remembered, with the reason.
    static let mostProblems = 1000

    /// Lines beyond so much memory are not used.
    static let mostMemory = 64 << 20
    /// About how many bytes of memory it takes: a permission of a few letters is an object with several texts.
    private(set) var footprint = 0

    /// The types that a line may name; a certificate does not stand in such a file.
    private static let keyTypes: Set<String> = [
        "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
    ]

    /// Lines that were read before.
    init(keys: [AuthorizedKey]) {
        self.keys = keys
    }

    /// - Parameter path: what diagnostics call the file.
    public init(_ bytes: [UInt8], path: String) {
        guard !ForeignKeyText.isUTF16(bytes) else {
            let reason = "the file is UTF-16 text, expected UTF-8: no line of it is used"
            self.problems.append(AuthorizedKeysProblem(file: path, line: 1, reason: reason))
            return
        }
        var foreign: ForeignKeyText?
        for (number, text) in FileLines(bytes) {
            var line = text.drop(while: Self.isBlank)
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if let known = foreign {
                // One reason is enough for all of its lines; a line that has a key is none of them.
                if known.ends(with: line) { foreign = nil }
                guard foreign != nil, (try? Self.split(line)) != nil else { continue }
            }
            foreign = ForeignKeyText(beginningWith: line)
            if let foreign {
                self.problems.append(AuthorizedKeysProblem(file: path, line: number, reason: foreign.reason))
                continue
            }
            guard let first = line.first, first != UInt8(ascii: "#") else { continue }
            guard self.footprint < Self.mostMemory else {
                let reason = "the file takes too much memory: no line from here on is used"
                self.problems.append(AuthorizedKeysProblem(file: path, line: number, reason: reason))
                return
            }
            self.append(line, path: path, number: number)
        }
    }

    private mutating func append(_ line: ArraySlice<UInt8>, path: String, number: Int) {
        var blob: [UInt8]?
        do {
            let fields = try Self.split(line)
            blob = try Self.decodeBlob(fields.encodedKey, keyType: fields.keyType)
            guard let text = String(validating: fields.options, as: UTF8.self) else {
                throw InvalidValue("the options are not UTF-8 text")
            }
            let options = try KeyOptionsParser.parse(text, file: path, line: number)
            guard options.principals == nil || options.certificateAuthority else {
                throw InvalidValue("principals= stands without cert-authority")
            }
            let key = AuthorizedKey(
                options: options,
                keyType: fields.keyType,
                blob: blob ?? [],
                comment: String(decoding: fields.comment, as: UTF8.self),
                file: path,
                line: number
            )
            self.keys.append(key)
            self.footprint += 512 + line.count + 16 * fields.options.count
        } catch {
            let reason = (error as? InvalidValue)?.reason ?? "\(error)"
            // A file of nothing but such lines would make many of its size.
            guard self.problems.count < Self.mostProblems else { return }
            self.footprint += 512
            self.problems.append(
                AuthorizedKeysProblem(file: path, line: number, reason: "\(reason): line ignored", blob: blob)
            )
        }
    }

    private struct Fields {
        var options: ArraySlice<UInt8>
        var keyType: String
        var encodedKey: ArraySlice<UInt8>
        var comment: ArraySlice<UInt8>
    }

    private static func split(_ line: ArraySlice<UInt8>) throws -> Fields {
        guard line.count <= Self.lineLimit else { throw InvalidValue("a line of \(line.count) bytes is too long") }
        guard !line.contains(0) else { throw InvalidValue("the line holds a NUL byte") }
        var rest = line
        var options = line.prefix(0)
        var keyType = Self.takeWord(&rest)
        if !Self.isKeyType(keyType) {
            rest = line
            options = try Self.takeOptions(&rest)
            keyType = Self.takeWord(&rest)
        }
        let name = String(decoding: keyType, as: UTF8.self)
        guard Self.isKeyType(keyType) else {
            throw InvalidValue(ForeignKeyText.reason(line) ?? "there is no key of a known type")
        }
        guard Self.keyTypes.contains(name) else { throw InvalidValue("keys of type \(name) are not accepted") }
        let encodedKey = Self.takeWord(&rest)
        return Fields(options: options, keyType: name, encodedKey: encodedKey, comment: rest)
    }

    /// Whether this is the name of a type that OpenSSH knows or knew, accepted here or not, so that no option can look so.
    private static func isKeyType(_ word: ArraySlice<UInt8>) -> Bool {
        let name = String(decoding: word, as: UTF8.self)
        return Self.keyTypes.contains(name) || name == "ssh-dss" || name.hasSuffix("-cert-v01@openssh.com")
    }

    /// Everything up to the first blank outside of quotes.
    private static func takeOptions(_ rest: inout ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
        var quoted = false
        var index = rest.startIndex
        while index < rest.endIndex, quoted || !Self.isBlank(rest[index]) {
            if rest[index] == UInt8(ascii: "\\"), index + 1 < rest.endIndex, rest[index + 1] == UInt8(ascii: "\"") {
                index += 1
            } else if rest[index] == UInt8(ascii: "\"") {
                quoted.toggle()
            }
            index += 1
        }
        guard !quoted else { throw InvalidValue("a quote does not close") }
        defer { rest = rest[index...].drop(while: Self.isBlank) }
        return rest[..<index]
    }

    private static func takeWord(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let word = rest.prefix { !Self.isBlank($0) }
        rest = rest[word.endIndex...].drop(while: Self.isBlank)
        return word
    }

    private static func decodeBlob(_ encoded: ArraySlice<UInt8>, keyType: String) throws -> [UInt8] {
        guard let blob = try? Base64.decode(Array(encoded)) else {
            throw InvalidValue("the key is not Base64, or its line is wrapped")
        }
        var reader = WireReader(bytes: blob)
        guard (try? reader.readText(limit: 64)) == keyType else {
            throw InvalidValue("the key is not of the type \(keyType) that stands in front of it")
        }
        guard Self.isWhole(reader, keyType) else { throw InvalidValue("the key is cut off: its line is wrapped") }
        return blob
    }

    /// Whether all parts of a key are there; of what they hold nothing is said.
    private static func isWhole(_ parts: WireReader, _ keyType: String) -> Bool {
        var parts = parts
        let count =
            switch keyType {
            case "ssh-ed25519": 1
            case "sk-ecdsa-sha2-nistp256@openssh.com": 3
            default: 2
            }
        return (0..<count).allSatisfy { _ in (try? parts.readString()) != nil }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }
}
