import NIOCore
import SSHWire
import Testing

@testable import SSHClient

/// Which of the server's forwarded-tcpip channels belong to a forward that was asked for.
struct RemoteForwardsTests {
    private static func forwards(asking texts: String...) throws -> RemoteForwards {
        var forwards = RemoteForwards()
        for (number, text) in texts.enumerated() {
            let specification = try ForwardSpecification(remote: text)
            forwards.requested(specification, number: UInt64(number))
        }
        return forwards
    }

    @Test func aListenerThatTheServerGrantedHasItsTarget() throws {
        var forwards = try Self.forwards(asking: "8080:web:80")
        let specification = try ForwardSpecification(remote: "8080:web:80")
        #expect(forwards.answered(0, success: ByteBuffer()) == .listening(specification, port: 8080))
        #expect(forwards.target(host: "localhost", port: 8080) == .host("web", port: 80))
    }

    @Test func aListenerThatNobodyAskedForHasNone() throws {
        var forwards = try Self.forwards(asking: "8080:web:80")
        _ = forwards.answered(0, success: ByteBuffer())
        #expect(forwards.target(host: "localhost", port: 8081) == nil)
        #expect(forwards.target(host: "127.0.0.1", port: 8080) == nil)
        #expect(forwards.target(host: "", port: 8080) == nil)
        #expect(forwards.target(host: "localhost", port: 8080 + 65536) == nil)
    }

    @Test func aListenerIsUnknownBeforeTheServerHasAnswered() throws {
        let forwards = try Self.forwards(asking: "8080:web:80")
        #expect(forwards.target(host: "localhost", port: 8080) == nil)
    }

    @Test func aListenerThatTheServerRefusedStaysUnknown() throws {
        var forwards = try Self.forwards(asking: "8080:web:80")
        let specification = try ForwardSpecification(remote: "8080:web:80")
        #expect(forwards.answered(0, success: nil) == .refused(specification))
        #expect(forwards.target(host: "localhost", port: 8080) == nil)
    }

    @Test func answersBelongToTheirRequests() throws {
        var forwards = try Self.forwards(asking: "1001:a:1", "1002:b:2", "1003:c:3")
        _ = forwards.answered(0, success: ByteBuffer())
        _ = forwards.answered(1, success: nil)
        _ = forwards.answered(2, success: ByteBuffer())
        #expect(forwards.target(host: "localhost", port: 1001) == .host("a", port: 1))
        #expect(forwards.target(host: "localhost", port: 1002) == nil)
        #expect(forwards.target(host: "localhost", port: 1003) == .host("c", port: 3))
    }

    @Test func aSecondAnswerToOneRequestIsUnrelated() throws {
        var forwards = try Self.forwards(asking: "8080:web:80")
        _ = forwards.answered(0, success: nil)
        #expect(forwards.answered(0, success: ByteBuffer()) == .unrelated)
        #expect(forwards.target(host: "localhost", port: 8080) == nil)
    }

    @Test func thePortThatTheServerChoseCounts() throws {
        var forwards = try Self.forwards(asking: "0:web:80")
        let specification = try ForwardSpecification(remote: "0:web:80")
        let answer = forwards.answered(0, success: ByteBuffer(integer: UInt32(40_000)))
        #expect(answer == .listening(specification, port: 40_000))
        #expect(forwards.target(host: "localhost", port: 40_000) == .host("web", port: 80))
        #expect(forwards.target(host: "localhost", port: 0) == nil)
    }

    @Test(arguments: [ByteBuffer(), ByteBuffer(integer: UInt32(0)), ByteBuffer(integer: UInt32(65_536))])
    func aChosenPortThatIsNoneCountsAsRefusal(data: ByteBuffer) throws {
        var forwards = try Self.forwards(asking: "0:web:80")
        #expect(forwards.answered(0, success: data) == .refused(try ForwardSpecification(remote: "0:web:80")))
    }

    @Test func aUnixSocketIsKnownByItsPathOnceTheServerGrantedIt() throws {
        var forwards = try Self.forwards(asking: "/run/a:web:80", "/run/b:/local", "/run/c:web:80", "/run/d:web:80")
        let specification = try ForwardSpecification(remote: "/run/a:web:80")
        #expect(forwards.answered(0, success: ByteBuffer()) == .listening(specification, port: nil))
        _ = forwards.answered(1, success: ByteBuffer())
        _ = forwards.answered(2, success: nil)
        #expect(forwards.target(of: .path("/run/a")) == .host("web", port: 80))
        #expect(forwards.target(of: .path("/run/b")) == .path("/local"))
        for path in ["/run/c", "/run/d", "/run/e", "/run//a", "", "/run/a/"] {
            #expect(forwards.target(of: .path(path)) == nil)
        }
    }

    @Test(arguments: [
        ChannelOpen.Kind.session, .directStreamLocal(path: "/run/a"), .other(name: "x11", data: ByteBuffer()),
    ])
    func noOtherChannelNamesAListener(_ kind: ChannelOpen.Kind) {
        #expect(RemoteForwards.Listener(of: kind) == nil)
    }

    @Test func channelsNameTheListenerThatWasRequested() throws {
        let addresses = TunnelAddresses(host: "localhost", port: 8080, originatorAddress: "::1", originatorPort: 2)
        let port = RemoteForwards.Listener(try ForwardSpecification(remote: "8080:web:80").listen)
        #expect(port == RemoteForwards.Listener(of: ChannelOpen.Kind.forwardedTCPIP(addresses)))
        #expect(port.request == .tcpipForward(ForwardAddress(host: "localhost", port: 8080)))
        let path = RemoteForwards.Listener(try ForwardSpecification(remote: "/run/a:web:80").listen)
        #expect(path == RemoteForwards.Listener(of: ChannelOpen.Kind.forwardedStreamLocal(path: "/run/a")))
        #expect(path.request == .streamLocalForward(path: "/run/a"))
    }

    @Test func theHostIsTheOneThatWasRequested() throws {
        var forwards = try Self.forwards(asking: "*:1001:a:1", "192.0.2.7:1002:b:2", "[::1]:1003:c:3")
        for number in 0..<3 { _ = forwards.answered(UInt64(number), success: ByteBuffer()) }
        #expect(forwards.target(host: "", port: 1001) == .host("a", port: 1))
        #expect(forwards.target(host: "192.0.2.7", port: 1002) == .host("b", port: 2))
        #expect(forwards.target(host: "::1", port: 1003) == .host("c", port: 3))
    }
}

extension RemoteForwards {
    fileprivate func target(host: String, port: UInt32) -> ForwardTarget? {
        self.target(of: .port(ForwardAddress(host: host, port: port)))
    }
}
