import NIOCore
import SSHProtocol
import SSHWire
import Testing

@testable import SSHServer

/// A connection of the relay from its first byte to its end, without sockets.
struct ServerConnectionTests {
    private static func refusal(_ bench: RelayBench) -> ChannelOpenFailure.Reason? {
        for case .channelRefused(_, let reason, _) in bench.clientEvents { return reason }
        return nil
    }

    @Test func aConnectionBeginsAndIsLoggedInWhenItsKeyIsAccepted() async throws {
        let bench = try await RelayBench()
        #expect(try await bench.phase() == "beginning")
        #expect(bench.context.limits.startups.count == 1)
        try await bench.logIn()
        #expect(try await bench.phase() == "logged in as \(RelayBench.user)")
        #expect(bench.context.limits.startups.count == 0)
    }

    @Test func whoeverMakesWayIsToldWhyAndIsGone() async throws {
        let bench = try await RelayBench()
        _ = try await bench.ask { $0.makeWay() }
        try await bench.run { _ in false }
        #expect(bench.clientError?.reason.contains("too many connections") == true)
        #expect(bench.context.connections.isEmpty && bench.context.limits.startups.count == 0)
    }

    @Test func nobodyMakesWayWhoHasLoggedIn() async throws {
        let bench = try await RelayBench()
        try await bench.logIn()
        _ = try await bench.ask { $0.makeWay() }
        #expect(try await bench.phase() == "logged in as \(RelayBench.user)")
    }

    @Test func aRevokedKeyEndsTheConnection() async throws {
        let bench = try await RelayBench()
        try await bench.logIn()
        bench.revokeKey()
        let (context, rules) = (bench.context, bench.context.rules)
        _ = try await bench.ask { connection in
            guard let standing = connection.standing(asksCommands: false) else { return }
            let judged = Judged(
                standing,
                by: rules.configuration,
                rules.policy,
                context.accountFiles(),
                isStanding: true
            )
            connection.abide(by: judged, of: rules)
        }
        try await bench.run { _ in false }
        #expect(bench.clientError?.reason.contains("no longer permitted to log in") == true)
        #expect(context.connections.isEmpty)
    }

    /// A reload has overtaken the judgement, and judges everybody itself.
    @Test func whatWasJudgedByOldRulesCountsForNothing() async throws {
        let bench = try await RelayBench()
        try await bench.logIn()
        bench.revokeKey()
        let (context, old) = (bench.context, bench.context.rules)
        context.replaceRules(try RelayRules(configuration: old.configuration, logger: old.logger))
        _ = try await bench.ask { connection in
            guard let standing = connection.standing(asksCommands: false) else { return }
            let judged = Judged(standing, by: old.configuration, old.policy, context.accountFiles(), isStanding: true)
            connection.abide(by: judged, of: old)
        }
        #expect(try await bench.phase() == "logged in as \(RelayBench.user)")
    }

    @Test func aTunnelAgainstTheRulesIsRefused() async throws {
        let bench = try await RelayBench("PermitOpen web:80")
        try await bench.logIn()
        let addresses = TunnelAddresses(host: "other", port: 80, originatorAddress: "192.0.2.7", originatorPort: 1)
        _ = try bench.say { try $0.openChannel(.directTCPIP(addresses)) }
        try await bench.run { _ in Self.refusal(bench) != nil }
        #expect(Self.refusal(bench) == .administrativelyProhibited)
    }

    @Test func moreSessionsThanMaxSessionsAreRefused() async throws {
        let bench = try await RelayBench("MaxSessions 1")
        try await bench.logIn()
        _ = try bench.say { try $0.openChannel(.session) }
        _ = try bench.say { try $0.openChannel(.session) }
        try await bench.run { _ in Self.refusal(bench) != nil }
        #expect(Self.refusal(bench) == .administrativelyProhibited)
        #expect(bench.clientEvents.contains { if case .channelConfirmed = $0 { true } else { false } })
    }

    @Test func aConnectionWithoutTunnelsEndsWhenTheRelayStops() async throws {
        let bench = try await RelayBench()
        try await bench.logIn()
        bench.context.beginStopping()
        #expect(try await bench.ask { $0.beginStopping(ReconnectHint(seconds: 1)) } == 0)
        try await bench.run { _ in false }
        #expect(bench.clientError?.reason.contains("the relay is shutting down") == true)
        let hints = bench.clientEvents.compactMap { event -> ReconnectHint? in
            guard case .globalRequest(.other(ReconnectHint.name, let data), nil) = event else { return nil }
            return try? ReconnectHint(data)
        }
        #expect(hints == [ReconnectHint(seconds: 1)])
        #expect(bench.context.connections.isEmpty)
    }

    @Test func anOperatorSeesTheConnectionAndEndsIt() async throws {
        let bench = try await RelayBench()
        #expect(try await bench.ask { $0.load } == ConnectionLoad())
        #expect(try await bench.ask { $0.summary == nil && $0.owner == nil } == true)
        try await bench.logIn()
        let summary = try await bench.ask { $0.summary } ?? nil
        #expect(summary?.account == RelayBench.user && summary?.address == "192.0.2.7" && summary?.port == 40_000)
        #expect(try await bench.ask { $0.load } == ConnectionLoad(isLoggedIn: true))
        #expect(try await bench.ask { $0.kick(.connection($0.number), by: "user id 0, process 1") } == true)
        try await bench.run { _ in false }
        #expect(bench.clientError?.reason.contains("ended by the relay's operator") == true)
        #expect(bench.context.connections.isEmpty)
    }
}
