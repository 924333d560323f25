import NIOCore
import SSHWire
import Testing

@testable import SSHClient
@testable import swssh

struct TunnelStatusTests {
    private static let remote = ForwardRequest(
        .remote,
        ForwardSpecification(listen: .port(.unspecified, 0), target: .host("localhost", port: 22))
    )
    private static let local = ForwardRequest(
        .local,
        ForwardSpecification(listen: .port(.unspecified, 8080), target: .host("a", port: 80))
    )
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private static func status(_ mode: RelayMode = .failover, _ relays: [String] = ["a:22"]) -> TunnelStatus {
        var status = TunnelStatus(host: "pi", mode: mode, requests: [self.local, self.remote])
        status.follow(relays, now: self.start)
        return status
    }

    private static func words(_ error: any Error) -> String { (error as? SSHError)?.reason ?? "\(error)" }

    private static func lost(_ reason: String, wasConnected: Bool = true) -> ReconnectEvent {
        .disconnected(SSHError(.connectionLost, reason), wasConnected: wasConnected, nextTry: .seconds(1))
    }

    private static func given(_ port: UInt16) -> ReconnectEvent {
        .forwardGiven(Forward(request: self.remote, port: port), afterRefusal: false)
    }

    @Test func itStandsWhenTheLastForwardIsGiven() {
        var status = Self.status()
        #expect(!status.stands && status.line == "Connecting to a:22.")
        status.tell(.connected(failures: 0, outage: nil), "a:22", Self.words, now: Self.start)
        #expect(!status.stands && status.line == "Connected to a:22; waiting for -R 0:localhost:22.")
        status.tell(Self.given(4711), "a:22", Self.words, now: Self.start)
        #expect(status.stands)
        #expect(status.line == "Connected to a:22; -L 8080:a:80, -R 0:localhost:22 (port 4711).")
    }

    @Test func aLostConnectionTakesTheServersListenersAndIsAnOutage() throws {
        var status = Self.status()
        status.tell(.connected(failures: 0, outage: nil), "a:22", Self.words, now: Self.start)
        status.tell(Self.given(1), "a:22", Self.words, now: Self.start)
        status.tell(Self.lost("gone"), "a:22", Self.words, now: Self.start + .seconds(10))
        #expect(!status.stands && status.line == "Not connected to a:22: gone; trying again.")
        status.tell(Self.lost("away", wasConnected: false), "a:22", Self.words, now: Self.start + .seconds(20))
        #expect(status.text(now: Self.start + .seconds(70)).first == "a:22: not connected for 1 min: away")
        status.tell(.connected(failures: 1, outage: nil), "a:22", Self.words, now: Self.start + .seconds(80))
        let outage = try #require(status.relays[0].outages.first)
        #expect(status.relays[0].outages.count == 1 && outage.cause == "gone")
        #expect(outage.ended == Self.start + .seconds(80))
        #expect(!status.stands)
    }

    @Test func outagesAreNotRememberedForEver() {
        var status = Self.status()
        for number in 0..<40 {
            status.tell(.connected(failures: 0, outage: nil), "a:22", Self.words, now: Self.start)
            status.tell(Self.lost("\(number)"), "a:22", Self.words, now: Self.start)
        }
        #expect(status.relays[0].outages.map(\.cause) == (24..<40).reversed().map { "\($0)" })
    }

    @Test func oneOfSeveralRelaysIsEnoughUnlessAllAreWanted() {
        for mode in [RelayMode.failover, .all] {
            var status = Self.status(mode, ["a:22", "b:22"])
            for event in [.connected(failures: 0, outage: nil), Self.given(1)] as [ReconnectEvent] {
                status.tell(event, "b:22", Self.words, now: Self.start)
            }
            #expect(status.stands == (mode == .failover))
            for event in [.connected(failures: 0, outage: nil), Self.given(1)] as [ReconnectEvent] {
                status.tell(event, "a:22", Self.words, now: Self.start)
            }
            #expect(status.stands)
        }
    }

    @Test func aRelayThatIsStillNamedKeepsItsState() {
        var status = Self.status(.failover, ["a:22", "b:22"])
        status.tell(.connected(failures: 0, outage: nil), "b:22", Self.words, now: Self.start)
        status.follow(["b:22", "c:22"], now: Self.start)
        #expect(status.relays.map(\.name) == ["b:22", "c:22"])
        #expect(status.relays.map(\.isConnected) == [true, false])
    }

    @Test func aListenerOfThisMachineThatIsRefusedIsMissingEverywhere() {
        var status = Self.status(.all, ["a:22", "b:22"])
        let refused = ForwardFailure(request: Self.local, cause: SSHError(.system, "taken"))
        status.tell(.forwardRefused(refused, nextTry: .seconds(1)), nil, { _ in "taken" }, now: Self.start)
        #expect(status.relays.allSatisfy { $0.forwards[0].state == .refused(cause: "taken") })
        let given = Forward(request: Self.local, port: 8080)
        status.tell(.forwardGiven(given, afterRefusal: true), nil, Self.words, now: Self.start)
        #expect(status.relays.allSatisfy { $0.forwards[0].isGiven })
    }

    @Test func anAnswerIsReadAsItWasWrittenWhateverAServerSays() throws {
        var status = Self.status()
        status.tell(Self.lost("a\nstands\u{1b}[2J"), "a:22", Self.words, now: Self.start)
        let answer = try StatusAnswer(Array(StatusAnswer(status, now: Self.start).text.utf8))
        #expect(!answer.stands && answer.lines.first == "a:22: not connected for 0 s: a\\012stands\\033[2J")
        #expect(answer.json.contains("\"cause\":\"a\\nstands\\u001b[2J\""))
    }

    @Test(arguments: ["", "swssh-status-1\n", "swssh-status-2\nstands\n{}\n", "swssh-status-1\nperhaps\n{}\n"])
    func whatIsNoAnswerIsRefused(_ text: String) {
        #expect(throws: SSHError.self) { try StatusAnswer(Array(text.utf8)) }
    }

    @Test(arguments: [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3661, "1 h 1 min"), (90_000, "1 d 1 h"), (-5, "0 s")])
    func timesAreShort(_ seconds: Int64, _ words: String) {
        #expect(RelayStatus.words(.seconds(seconds)) == words)
    }
}
