import NIOCore
import SSHWire
import Testing

struct WireReaderTests {
    private func reader(_ bytes: [UInt8]) -> WireReader { WireReader(bytes: bytes) }

    // The examples of RFC 4251 §5.
    @Test(
        arguments: [
            ([0, 0, 0, 0], []),
            (
                [0, 0, 0, 8, 0x09, 0xa3, 0x78, 0xf9, 0xb2, 0xe3, 0x32, 0xa7],
                [0x09, 0xa3, 0x78, 0xf9, 0xb2, 0xe3, 0x32, 0xa7]
            ),
            ([0, 0, 0, 2, 0x00, 0x80], [0x80]),
        ] as [([UInt8], [UInt8])]
    )
    func anIntegerReadsAsWritten(wire: [UInt8], value: [UInt8]) throws {
        var reader = self.reader(wire)
        #expect(try reader.readUnsignedMPInt() == value)
        var writer = WireWriter()
        writer.writeUnsignedMPInt(value)
        #expect(writer.bytes == wire)
    }

    @Test(
        arguments: [
            [0, 0, 0, 2, 0xed, 0xcc],  // -1234
            [0, 0, 0, 5, 0xff, 0x21, 0x52, 0x41, 0x11],  // -deadbeef
            [0, 0, 0, 1, 0],
            [0, 0, 0, 2, 0, 0x7f],
            [0, 0, 0, 9, 1],
            [0xff, 0xff, 0xff, 0xff, 1],
        ] as [[UInt8]]
    )
    func aNegativePaddedOrCutIntegerIsRefused(wire: [UInt8]) {
        var reader = self.reader(wire)
        #expect(throws: SSHError.self) { try reader.readUnsignedMPInt() }
    }

    @Test func anIntegerOfAMebibyteIsRefused() {
        var writer = WireWriter()
        writer.writeString([UInt8](repeating: 1, count: 1 << 20))
        var reader = WireReader(writer.buffer)
        #expect(throws: SSHError.self) { try reader.readUnsignedMPInt() }
    }

    @Test(
        arguments: [
            ("", []), ("zlib", ["zlib"]), ("zlib,none", ["zlib", "none"]),
        ] as [(String, [String])]
    )
    func aNameListReadsAsWritten(text: String, names: [String]) throws {
        var writer = WireWriter()
        writer.writeNameList(names)
        var reader = WireReader(writer.buffer)
        #expect(try reader.readNameList() == names)
        reader = WireReader(writer.buffer)
        #expect(try reader.readText() == text)
    }

    @Test(arguments: [",", "a,", ",a", "a,,b", "a b", "a\u{7f}", "ä", "a\0"])
    func anEmptyOrUnprintableNameIsRefused(text: String) {
        var writer = WireWriter()
        writer.writeText(text)
        var reader = WireReader(writer.buffer)
        #expect(throws: SSHError.self) { try reader.readNameList() }
    }

    @Test func tooManyNamesAreRefused() {
        var writer = WireWriter()
        writer.writeNameList([String](repeating: "a", count: 300))
        var reader = WireReader(writer.buffer)
        #expect(throws: SSHError.self) { try reader.readNameList() }
    }

    @Test(
        arguments: [[0, 0, 0, 5, 1], [0xff, 0xff, 0xff, 0xff], [0, 0, 0], [0x7f, 0xff, 0xff, 0xff, 0]] as [[UInt8]]
    )
    func aStringLongerThanWhatIsThereIsRefused(wire: [UInt8]) {
        var reader = self.reader(wire)
        #expect(throws: SSHError.self) { try reader.readString() }
    }

    @Test func theSignsZeroAloneMayGoBeyondAnIntegersLimit() throws {
        var reader = self.reader([0, 0, 0, 5, 0, 0x80, 0, 0, 1])
        #expect(try reader.readUnsignedMPInt(limit: 4) == [0x80, 0, 0, 1])
        reader = self.reader([0, 0, 0, 5, 1, 0, 0, 0, 3])
        #expect(throws: SSHError.self) { try reader.readUnsignedMPInt(limit: 4) }
    }

    @Test func aRemarkMayBeAnything() throws {
        var writer = WireWriter()
        writer.writeString([0x61, 0xff, 0x00] as [UInt8])
        writer.writeString([UInt8](repeating: 0x61, count: 10))
        var reader = WireReader(writer.buffer)
        #expect(try reader.readRemark() == "a\u{fffd}\0")
        #expect(try reader.readRemark(limit: 3) == "aaa")
        try reader.expectEnd()
    }

    @Test func aTextMustBeUTF8WithoutNul() {
        for bytes in [[0xff, 0xfe], [0x61, 0x00], [0xc3]] as [[UInt8]] {
            var writer = WireWriter()
            writer.writeString(bytes)
            var reader = WireReader(writer.buffer)
            #expect(throws: SSHError.self) { try reader.readText() }
        }
    }

    @Test func aHostMayBeAnythingButHoldANul() throws {
        var writer = WireWriter()
        writer.writeString([0x61, 0xff] as [UInt8])
        writer.writeString([0x61, 0x00, 0x62] as [UInt8])
        var reader = WireReader(writer.buffer)
        #expect(try reader.readHost() == "a\u{fffd}")
        #expect(throws: SSHError.self) { try reader.readHost() }
    }

    @Test func anEmptyTextIsAText() throws {
        var reader = self.reader([0, 0, 0, 0])
        #expect(try reader.readText() == "")
    }

    @Test func whatFollowsTheLastFieldIsRefused() throws {
        var reader = self.reader([1, 2])
        _ = try reader.readByte()
        #expect(throws: SSHError.self) { try reader.expectEnd() }
    }
}
