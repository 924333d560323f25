import NIOCore
import SSHWire
import Testing

@testable import SSHProtocol

struct IdentificationReaderTests {
    private func read(_ text: String, role: EngineConfiguration.Role = .server) throws -> String? {
        var reader = IdentificationReader(role: role)
        var buffer = ByteBuffer(string: text)
        while let line = try reader.next(from: &buffer) {
            if case .identification(let bytes) = line { return String(decoding: bytes, as: UTF8.self) }
        }
        return nil
    }

    @Test(arguments: ["SSH-2.0-x\r\n", "SSH-2.0-x\n", "SSH-1.99-x y z\r\n"])
    func aProperLineIsRead(line: String) throws {
        #expect(try self.read(line) == line.trimmingNewline)
    }

    @Test(arguments: ["SSH-1.5-x\r\n", "SSH-3.0-x\r\n", "GET / HTTP/1.1\r\n", "\r\n", "SSH-2.0-a\u{7}b\r\n"])
    func anythingElseIsRefused(line: String) {
        #expect(throws: SSHError.self) { try self.read(line) }
    }

    @Test func linesThatComeByteByByteAreReadAsOtherwise() throws {
        var reader = IdentificationReader(role: .client)
        var buffer = ByteBuffer()
        var lines: [IdentificationReader.Line] = []
        for byte in "Welcome\r\n\r\nSSH\r\nSSH-2.0-x y\r\nrest".utf8 {
            buffer.writeInteger(byte)
            guard !lines.contains(.identification(Array("SSH-2.0-x y".utf8))) else { continue }
            if let line = try reader.next(from: &buffer) { lines.append(line) }
        }
        let before = ["Welcome", "", "SSH"].enumerated().map { number, text in
            IdentificationReader.Line.before(Array(text.utf8), number: number)
        }
        #expect(lines == before + [.identification(Array("SSH-2.0-x y".utf8))])
        #expect(String(buffer: buffer) == "rest")
    }

    @Test func whatWasReadInsteadIsNamedForTheLog() {
        #expect {
            try self.read("GET / HTTP/1.1\r\n")
        } throws: { error in
            let error = error as? SSHError
            return error?.code == .invalidIdentification
                && error?.reason == "client sent invalid protocol identifier \"GET / HTTP/1.1\""
        }
        #expect {
            try self.read("SSH-1.5-x\r\n")
        } throws: { error in
            let error = error as? SSHError
            return error?.code == .protocolVersionMismatch && error?.reason == "Protocol major versions differ: 2 vs. 1"
        }
    }

    @Test func aLineThatNeverEndsIsRefusedAtItsLimit() throws {
        #expect(try self.read("SSH-2.0-" + String(repeating: "a", count: 240)) == nil)
        #expect(throws: SSHError.self) { try self.read("SSH-2.0-" + String(repeating: "a", count: 300)) }
    }

    @Test func aServerMaySayMoreBeforeAndAClientMayNot() throws {
        #expect(try self.read("Welcome\r\nto here\r\nSSH-2.0-x\r\n", role: .client) == "SSH-2.0-x")
        #expect(throws: SSHError.self) { try self.read("Welcome\r\nSSH-2.0-x\r\n", role: .server) }
    }

    @Test func linesBeforeAreHandedOnAsTheyCome() throws {
        var reader = IdentificationReader(role: .client)
        var buffer = ByteBuffer(string: "Not allowed at this time\r\n\nSSH")
        #expect(try reader.next(from: &buffer) == .before(Array("Not allowed at this time".utf8), number: 0))
        #expect(try reader.next(from: &buffer) == .before([], number: 1))
        #expect(try reader.next(from: &buffer) == nil)
        buffer.writeString("-2.0-x\n")
        #expect(try reader.next(from: &buffer) == .identification(Array("SSH-2.0-x".utf8)))
    }

    @Test func whatAServerSaysBeforeIsBounded() {
        #expect(throws: SSHError.self) { try self.read(String(repeating: "x\n", count: 2_000), role: .client) }
        #expect(throws: SSHError.self) { try self.read(String(repeating: "x", count: 100_000), role: .client) }
    }

    @Test func itComesByteByByte() throws {
        var reader = IdentificationReader(role: .server)
        var buffer = ByteBuffer()
        for byte in "SSH-2.0-slow\r".utf8 {
            buffer.writeInteger(byte)
            #expect(try reader.next(from: &buffer) == nil)
        }
        buffer.writeBytes([0x0a, 0x42])
        #expect(try reader.next(from: &buffer) == .identification(Array("SSH-2.0-slow".utf8)))
        #expect(buffer.readableBytes == 1)
    }
}

extension String {
    fileprivate var trimmingNewline: String { String(self.prefix { !$0.isNewline }) }

    @Test(arguments: ["SSH-2.0-x é 漢字", "SSH-2.0-Ünix", "SSH-2.0-x a\tb"])
    func otherLettersThanASCIIAreTaken(_ line: String) throws {
        var reader = IdentificationReader(role: .server)
        var buffer = ByteBuffer(string: line + "\r\n")
        #expect(try reader.next(from: &buffer) == .identification(Array(line.utf8)))
    }

    @Test(arguments: ["SSH-2.0-x \u{1b}[31m", "SSH-2.0-x a\rb", "SSH-2.0-x \u{0}", "SSH-2.0-x \u{7f}"])
    func controlCharactersAreRefused(_ line: String) {
        var reader = IdentificationReader(role: .server)
        var buffer = ByteBuffer(string: line + "\r\n")
        #expect(throws: SSHError.self) { try reader.next(from: &buffer) }
    }
}
