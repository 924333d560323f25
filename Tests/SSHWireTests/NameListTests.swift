import NIOCore
import Testing

@testable import SSHWire

struct NameListTests {
    private static func read(_ text: String, limit: Int = 256) throws -> NameList {
        var writer = WireWriter()
        writer.writeText(text)
        var reader = WireReader(writer.buffer)
        return try reader.readNames(limit: limit)
    }

    @Test(arguments: [[], ["a"], ["a", "bc"], ["x@y", "z", "x@y"]])
    func namesAreThoseThatWereWritten(_ names: [String]) throws {
        var writer = WireWriter()
        writer.writeNameList(NameList(names))
        var reader = WireReader(writer.buffer)
        let list = try reader.readNames()
        #expect(list == NameList(names))
        #expect(list.names == names)
        #expect(list.first == names.first)
        #expect(list.text == names.joined(separator: ","))
        try reader.expectEnd()
    }

    @Test(arguments: [",", "a,", ",a", "a,,b", "a b", "a,\u{7f}", "\0", "ä"])
    func emptyAndUnprintableNamesAreRefused(_ text: String) {
        #expect(throws: SSHError.self) { try Self.read(text) }
    }

    @Test(arguments: [",", "a,", ",a", "a,,b", "a,b,,"])
    func emptyNamesArePassedOverWhereAPeerMayHaveThem(_ text: String) throws {
        var writer = WireWriter()
        writer.writeText(text)
        var reader = WireReader(writer.buffer)
        let list = try reader.readNames(isLenient: true)
        let names = text.split(separator: ",").map(String.init)
        #expect(list.names == names)
        #expect(list.first == names.first)
        #expect(!list.contains(""))
        #expect(list.first(in: list) == names.first)
        #expect(NameList(["b", "a"]).first(in: list) == (names.contains("b") ? "b" : names.first))
    }

    @Test func aKeyExchangeInitMayHaveEmptyNames() throws {
        var message = KeyExchangeInit(
            cookie: [UInt8](repeating: 0, count: 16),
            keyExchange: ["curve25519-sha256"],
            hostKey: ["ssh-ed25519"],
            ciphers: ["aes256-ctr", ""],
            macs: ["hmac-sha2-256"]
        )
        message.firstKeyExchangePacketFollows = false
        let read = try KeyExchangeInit(payload: WireReader(message.payload().buffer))
        #expect(read.cipherClientToServer.names == ["aes256-ctr"])
    }

    @Test func noMoreNamesThanTheLimitAreTaken() throws {
        #expect(try Self.read("a,b,c", limit: 3).names.count == 3)
        #expect { try Self.read("a,b,c,d", limit: 3) } throws: { ($0 as? SSHError)?.code == .limitExceeded }
    }

    @Test func onlyWholeNamesAreFound() {
        let list = NameList(["aes256-gcm", "aes", "gcm"])
        for name in ["aes256-gcm", "aes", "gcm"] { #expect(list.contains(name)) }
        for name in ["", "ae", "aes256", "256-gcm", "aes,gcm", "aes256-gcm,aes", "gcm,"] {
            #expect(!list.contains(name))
        }
        #expect(!NameList([]).contains(""))
    }

    @Test func firstCommonNameIsTheFirstOfTheFirstList() {
        let (left, right) = (NameList(["x", "b", "a"]), NameList(["a", "b", "c"]))
        #expect(left.first(in: right) == "b")
        #expect(right.first(in: left) == "a")
        #expect(left.first(in: right) { $0 != "b" } == "a")
        #expect(left.first(in: NameList(["d"])) == nil)
        #expect(left.first(in: NameList([])) == nil)
        #expect(NameList([]).first(in: left) == nil)
    }
}
