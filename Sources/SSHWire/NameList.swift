import NIOCore

/// A name-list (RFC 4251 §5) as it stands on the wire. Of the hundred names that a KEXINIT has, few are ever made strings of.
public struct NameList: Sendable, Hashable {
    /// The names, with a comma between two.
    let bytes: ByteBuffer

    private static let comma = UInt8(ascii: ",")

    public init(_ names: [String]) {
        var bytes = ByteBuffer()
        for (index, name) in names.enumerated() {
            if index > 0 { bytes.writeInteger(Self.comma) }
            bytes.writeString(name)
        }
        self.bytes = bytes
    }

    /// - Parameter isLenient: whether empty names are passed over. libssh 0.10 ends its lists of ciphers with a comma, and sshd has
    ///   never minded.
    /// - Throws: `protocolViolation` for an empty or unprintable name, `limitExceeded` for more than `limit` of them.
    init(checking bytes: ByteBuffer, limit: Int, isLenient: Bool) throws {
        self.bytes = bytes
        guard bytes.readableBytes > 0 else { return }
        var count = 1
        var previous = Self.comma
        for byte in bytes.readableBytesView {
            // RFC 4251 §6: printable US-ASCII, no comma, no white space. The length limit of 64 is not enforced by anyone.
            guard (0x21...0x7e).contains(byte), isLenient || byte != Self.comma || previous != Self.comma else {
                throw SSHError.protocolViolation("a name-list holds an empty or unprintable name")
            }
            if byte == Self.comma { count += 1 }
            previous = byte
        }
        guard isLenient || previous != Self.comma else {
            throw SSHError.protocolViolation("a name-list holds an empty or unprintable name")
        }
        guard count <= limit else { throw SSHError(.limitExceeded, "a name-list has more than \(limit) names") }
    }

    private var slices: [ByteBufferView] {
        self.bytes.readableBytesView.split(separator: Self.comma)
    }

    public var names: [String] {
        self.slices.map { String(decoding: $0, as: UTF8.self) }
    }

    /// All names in one string, for messages to people.
    public var text: String { String(buffer: self.bytes) }

    public var first: String? { self.first { _ in true } }

    public func contains(_ name: String) -> Bool {
        self.contains(name.utf8)
    }

    /// The first name that stands in the other list, too.
    ///
    /// - Parameter isMeant: whether a name may be the answer.
    public func first(in other: NameList, where isMeant: (String) -> Bool = { _ in true }) -> String? {
        self.first { other.contains($0) && isMeant(String(decoding: $0, as: UTF8.self)) }
    }

    private func first(where isMeant: (ByteBufferView) -> Bool) -> String? {
        var rest = self.bytes.readableBytesView
        while !rest.isEmpty {
            let name = rest.prefix { $0 != Self.comma }
            if !name.isEmpty, isMeant(name) { return String(decoding: name, as: UTF8.self) }
            rest = rest[name.endIndex...].dropFirst()
        }
        return nil
    }

    private func contains(_ name: some Collection<UInt8>) -> Bool {
        guard !name.isEmpty else { return false }
        var rest = self.bytes.readableBytesView
        while !rest.isEmpty {
            let end = rest.firstIndex(of: Self.comma) ?? rest.endIndex
            if end - rest.startIndex == name.count, rest[..<end].elementsEqual(name) { return true }
            rest = rest[end...].dropFirst()
        }
        return false
    }
}
