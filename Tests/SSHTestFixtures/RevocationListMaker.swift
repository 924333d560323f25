public import SSHCrypto
import SSHWire

/// The bytes of key revocation lists (PROTOCOL.krl), right ones and wrong ones.
public enum RevocationListMaker {
    /// A list of these sections.
    public static func list(_ sections: [UInt8]...) -> [UInt8] {
        var writer = WireWriter()
        writer.writeBytes(KeyRevocationList.magic)
        writer.writeUInt32(1)
        for number in [1, 0, 0] as [UInt64] { writer.writeUInt64(number) }
        writer.writeText("")
        writer.writeText("")
        for section in sections { writer.writeBytes(section) }
        return writer.bytes
    }

    /// A section, or a subsection about certificates.
    public static func section(_ type: UInt8, _ content: [UInt8] = []) -> [UInt8] {
        [type] + self.string(content)
    }

    /// Certificates of the authority with this blob, or of any.
    public static func certificates(by authority: [UInt8] = [], _ subsections: [UInt8]...) -> [UInt8] {
        self.section(1, self.string(authority) + self.string([]) + subsections.flatMap(\.self))
    }

    public static func serials(_ serials: UInt64...) -> [UInt8] {
        self.section(0x20, serials.flatMap(self.number))
    }

    public static func range(_ first: UInt64, _ last: UInt64) -> [UInt8] {
        self.section(0x21, self.number(first) + self.number(last))
    }

    public static func bitmap(_ first: UInt64, _ bits: [UInt8]) -> [UInt8] {
        self.section(0x22, self.number(first) + self.string(bits))
    }

    public static func identifiers(_ names: [UInt8]...) -> [UInt8] {
        self.section(0x23, names.flatMap(self.string))
    }

    /// A signature over the list so far.
    public static func signing(_ list: [UInt8], by signer: any SigningKey) throws -> [UInt8] {
        let signed = list + self.section(4, signer.publicKey.blob)
        return signed + self.string(try signer.sign(signed, algorithm: signer.publicKey.type))
    }

    public static func string(_ bytes: [UInt8]) -> [UInt8] {
        var writer = WireWriter()
        writer.writeString(bytes)
        return writer.bytes
    }

    private static func number(_ number: UInt64) -> [UInt8] {
        var writer = WireWriter()
        writer.writeUInt64(number)
        return writer.bytes
    }
}
