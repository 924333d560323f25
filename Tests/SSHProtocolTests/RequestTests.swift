import NIOCore
import SSHWire
import Testing

@testable import SSHProtocol

/// Global requests and those of channels (RFC 4254 §4 and §5.4).
struct RequestTests {
    @Test func globalRepliesLeaveInTheOrderOfTheRequests() throws {
        let pair = try EnginePair()
        try pair.logIn()
        for name in ["a", "b", "c"] {
            try pair.client.sendGlobalRequest(.other(name: name, data: ByteBuffer()), wantReply: true)
        }
        pair.run()
        let numbers = pair.serverEvents.compactMap { event -> UInt64? in
            if case .globalRequest(_, let reply) = event { reply } else { nil }
        }
        try #require(numbers.count == 3)
        try pair.server.answerGlobalRequest(numbers[2], success: ByteBuffer(string: "3"))
        pair.run()
        #expect(!pair.clientEvents.contains { if case .globalReply = $0 { true } else { false } })
        try pair.server.answerGlobalRequest(numbers[0], success: nil)
        try pair.server.answerGlobalRequest(numbers[1], success: ByteBuffer(string: "2"))
        pair.run()
        let replies = pair.clientEvents.compactMap { event -> String? in
            guard case .globalReply(let number, let data) = event else { return nil }
            return "\(number) \(data.map { String(buffer: $0) } ?? "no")"
        }
        #expect(replies == ["0 no", "1 2", "2 3"])
    }

    @Test func whatThePeerSaysOfItselfIsPassedOn() throws {
        let pair = try EnginePair()
        try pair.logIn()
        try pair.server.sendDebug(String(repeating: "x", count: 2000), alwaysDisplay: true)
        pair.run()
        let heard = pair.clientEvents.compactMap { event -> Debug? in
            if case .debug(let debug) = event { debug } else { nil }
        }
        let cut = ByteBuffer(string: String(repeating: "x", count: 900))
        #expect(heard == [Debug(alwaysDisplay: true, message: cut)])
    }

    @Test func globalRequestsThatWaitForAnAnswerAreBounded() throws {
        let pair = try EnginePair(server: { $0.limits.unansweredRequests = 10 })
        try pair.logIn()
        for _ in 0..<20 {
            try pair.client.sendGlobalRequest(.other(name: "x", data: ByteBuffer()), wantReply: true)
        }
        pair.run()
        #expect(pair.serverError?.code == .limitExceeded)
    }

    @Test func channelRepliesLeaveInTheOrderOfTheRequests() throws {
        let pair = try EnginePair()
        try pair.logIn()
        let id = try pair.openChannel()
        for name in ["a", "b"] { try pair.client.sendChannelRequest(name, wantReply: true, on: id) }
        pair.run()
        let numbers = pair.serverEvents.compactMap { event -> UInt64? in
            if case .channelRequest(_, _, _, let reply) = event { reply } else { nil }
        }
        try #require(numbers.count == 2)
        let server = try #require(pair.serverChannel)
        try pair.server.answerChannelRequest(numbers[1], success: true, on: server)
        try pair.server.answerChannelRequest(numbers[0], success: false, on: server)
        pair.run()
        let replies = pair.clientEvents.compactMap { event -> Bool? in
            if case .channelReply(_, let success) = event { success } else { nil }
        }
        #expect(replies == [false, true])
    }

    @Test func channelRequestsThatWaitForAnAnswerAreBounded() throws {
        let pair = try EnginePair(server: { $0.limits.unansweredRequests = 10 })
        try pair.logIn()
        let id = try pair.openChannel()
        for _ in 0..<20 { try pair.client.sendChannelRequest("x", wantReply: true, on: id) }
        pair.run()
        #expect(pair.serverError?.code == .limitExceeded)
        #expect(pair.serverEvents.count { if case .channelRequest = $0 { true } else { false } } == 10)
    }
}
