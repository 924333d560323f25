import NIOCore
import SSHWire
import Testing

struct AgentMessageTests {
    private static func answer(_ number: UInt8, _ write: (inout WireWriter) -> Void = { _ in }) throws -> AgentAnswer {
        var writer = WireWriter()
        writer.writeByte(number)
        write(&writer)
        return try AgentAnswer(payload: writer.buffer)
    }

    private static func code(_ body: () throws -> some Any) -> SSHError.Code? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? SSHError)?.code
        }
    }

    @Test func requestsAreWrittenAsTheDraftSays() {
        #expect(Array(AgentRequest.identities.message.readableBytesView) == [0, 0, 0, 1, 11])
        let flags = AgentRequest.SignatureFlags(algorithm: "rsa-sha2-512")
        let sign = AgentRequest.sign(key: [1, 2], data: [3], flags: flags).message
        #expect(
            Array(sign.readableBytesView)
                == [0, 0, 0, 16, 13, 0, 0, 0, 2, 1, 2, 0, 0, 0, 1, 3, 0, 0, 0, 4]
        )
    }

    @Test func theFlagsNameTheHashOfAnRSASignature() {
        #expect(AgentRequest.SignatureFlags(algorithm: "rsa-sha2-256").rawValue == 2)
        #expect(AgentRequest.SignatureFlags(algorithm: "rsa-sha2-512").rawValue == 4)
        for algorithm in ["ssh-ed25519", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com"] {
            #expect(AgentRequest.SignatureFlags(algorithm: algorithm).rawValue == 0)
        }
    }

    @Test func answersAreRead() throws {
        #expect(try Self.answer(5) == .failure)
        #expect(try Self.answer(28) == .failure)
        #expect(try Self.answer(102) { $0.writeUInt32(1) } == .failure)
        #expect(try Self.answer(14) { $0.writeString([1, 2, 3]) } == .signature([1, 2, 3]))
        let identities = try Self.answer(12) {
            $0.writeUInt32(2)
            $0.writeString([1])
            $0.writeText("me@here")
            $0.writeString([])
            $0.writeString([0xff, 0x0a])
        }
        #expect(
            identities
                == .identities([
                    AgentIdentity(blob: [1], comment: "me@here"), AgentIdentity(blob: [], comment: "\u{fffd}\n"),
                ])
        )
    }

    @Test func whatIsNoAnswerIsRefused() {
        #expect(Self.code { try AgentAnswer(payload: ByteBuffer()) } == .protocolViolation)
        for number: UInt8 in [0, 6, 11, 13, 29, 255] {
            #expect(Self.code { try Self.answer(number) } == .protocolViolation)
        }
        #expect(Self.code { try Self.answer(14) } == .protocolViolation)
        #expect(Self.code { try Self.answer(14) { $0.writeUInt32(.max) } } == .protocolViolation)
        #expect(
            Self.code {
                try Self.answer(14) {
                    $0.writeString([1])
                    $0.writeByte(0)
                }
            } == .protocolViolation
        )
        #expect(Self.code { try Self.answer(12) { $0.writeUInt32(1) } } == .protocolViolation)
    }

    @Test func aNumberOfKeysIsCheckedBeforeAnyIsRead() {
        for count: UInt32 in [2049, .max] {
            #expect(Self.code { try Self.answer(12) { $0.writeUInt32(count) } } == .limitExceeded)
        }
        #expect(Self.code { try Self.answer(12) { $0.writeUInt32(2048) } } == .protocolViolation)
    }

    @Test func everyTruncationOfAnAnswerIsRefused() throws {
        var writer = WireWriter()
        writer.writeByte(12)
        writer.writeUInt32(1)
        writer.writeString([1, 2, 3])
        writer.writeText("comment")
        for length in 0..<writer.buffer.readableBytes {
            let cut = try #require(writer.buffer.getSlice(at: 0, length: length))
            #expect(throws: SSHError.self) { try AgentAnswer(payload: cut) }
        }
    }

    @Test func messagesAreCutOutWhereverTheBytesAreSplit() throws {
        let stream = ByteBuffer(bytes: [0, 0, 0, 1, 5, 0, 0, 0, 3, 7, 8, 9])
        for cut in 0...stream.readableBytes {
            var reader = AgentMessageReader()
            var messages: [[UInt8]] = []
            for range in [0..<cut, cut..<stream.readableBytes] {
                reader.append(try #require(stream.getSlice(at: range.lowerBound, length: range.count)))
                while let message = try reader.next() { messages.append(Array(message.readableBytesView)) }
            }
            #expect(messages == [[5], [7, 8, 9]] && reader.isEmpty)
        }
    }

    @Test func aLengthIsCheckedBeforeAnythingIsWaitedFor() {
        let lengths: [(UInt32, SSHError.Code?)] = [
            (0, .protocolViolation), (256 * 1024, nil), (256 * 1024 + 1, .limitExceeded), (.max, .limitExceeded),
        ]
        for (length, code) in lengths {
            var reader = AgentMessageReader()
            reader.append(ByteBuffer(integer: length))
            #expect(Self.code { try reader.next() } == code)
        }
    }
}
