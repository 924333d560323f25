import SSHWire
import Testing

@testable import SSHServer

/// The words are sshd's; Tests/InteropTests/test_log_lines.py puts them beside the real ones.
struct ConnectionEndLinesTests {
    private static let peer = PeerName(nil)
    private static let name = "UNKNOWN port 65535"

    private static func lines(_ phase: ConnectionPhase, _ code: SSHError.Code, _ reason: String) -> [LogLine] {
        self.lines(phase, SSHError(code, reason))
    }

    private static func lines(_ phase: ConnectionPhase, _ error: SSHError) -> [LogLine] {
        ConnectionEndLines(phase: phase, peer: self.peer).lines(error)
    }

    @Test(arguments: [
        (ConnectionPhase.keyExchange, "\(name) [preauth]"),
        (.authentication(user: "amy", isInvalid: false), "authenticating user amy \(name) [preauth]"),
        (.authentication(user: "amy", isInvalid: true), "invalid user amy \(name) [preauth]"),
        (.loggedIn(user: "amy"), "user amy \(name)"),
    ])
    func aClosedConnectionIsNamedByHowFarItCame(_ phase: ConnectionPhase, _ who: String) {
        #expect(Self.lines(phase, .connectionClosed, "x") == [.info("Connection closed by \(who)")])
        #expect(Self.lines(phase, .connectionReset, "x") == [.info("Connection reset by \(who)")])
    }

    @Test func whatWouldHaveHelpedIsALineOfItsOwn() {
        let lines = ConnectionEndLines(phase: .keyExchange, peer: Self.peer)
            .lines(SSHError(.noCommonAlgorithm, "no matching x found. Their offer: y", advice: "Z would help"))
        #expect(
            lines == [
                .info("Unable to negotiate with \(Self.name): no matching x found. Their offer: y [preauth]"),
                .info("\(Self.name): Z would help [preauth]"),
            ]
        )
    }

    @Test func whoNeverSpeaksIsToldInTwoLines() {
        #expect(
            Self.lines(.identification, .connectionClosed, "x") == [
                .error("kex_exchange_identification: Connection closed by remote host"),
                .info("Connection closed by \(Self.name)"),
            ]
        )
        #expect(
            Self.lines(.identification, .connectionReset, "x") == [
                .error("kex_exchange_identification: read: Connection reset by peer"),
                .info("Connection reset by \(Self.name)"),
            ]
        )
    }

    @Test func anyOtherLossKeepsItsReason() {
        #expect(
            Self.lines(.loggedIn(user: "amy"), .connectionLost, "Connection timed out") == [
                .info("Connection closed by user amy \(Self.name): Connection timed out")
            ]
        )
    }

    @Test func anOrdinaryGoodbyeIsNoErrorAndAnyOtherIs() {
        let phase = ConnectionPhase.loggedIn(user: "amy")
        let end = LogLine.info("Disconnected from user amy \(Self.name)")
        #expect(
            Self.lines(phase, SSHError(disconnect: Disconnect(reason: .byApplication, message: "bye"))) == [
                .info("Received disconnect from \(Self.name):11: bye"), end,
            ]
        )
        #expect(
            Self.lines(phase, SSHError(disconnect: Disconnect(reason: .protocolError, message: "broken"))) == [
                .error("Received disconnect from \(Self.name):2: broken"), end,
            ]
        )
    }

    @Test func tooManyTriesNameTheInvalidUser() {
        let lines = Self.lines(.authentication(user: "amy", isInvalid: true), .authenticationFailed, "x")
        #expect(
            lines == [
                .error(
                    "maximum authentication attempts exceeded for invalid user amy from \(Self.name) ssh2 [preauth]"
                ),
                .info("Disconnecting invalid user amy \(Self.name): Too many authentication failures [preauth]"),
            ]
        )
    }

    @Test func aSilentClientIsATimeoutAfterLoginOnly() {
        let lines = Self.lines(.loggedIn(user: "amy"), .timedOut, "x")
        #expect(lines == [.info("Timeout, client not responding from user amy \(Self.name)")])
        #expect(Self.lines(.keyExchange, .timedOut, "x") == [.info("Disconnecting \(Self.name): x [preauth]")])
    }

    @Test func nothingThatThePeerSaidBeginsAnotherLine() {
        for code in [SSHError.Code.disconnectedByPeer, .invalidIdentification, .noCommonAlgorithm, .connectionLost] {
            let lines = Self.lines(.identification, code, "a\nAccepted publickey\u{1b}[2J")
            #expect(lines.allSatisfy { !$0.message.contains("\n") && !$0.message.contains("\u{1b}") })
        }
    }
}
