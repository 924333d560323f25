import Logging
import NIOCore
import Testing

@testable import SSHServer

/// Budgets of lines that many connections share.
struct LineBudgetsTests {
    private let budgets = LineBudgets()
    private let tunnels = LineSubject.tunnels(account: "alice")

    private func written(_ subject: LineSubject, _ count: Int, now: Int) -> Int {
        (0..<count).count { _ in self.budgets.permits(subject, now: now) }
    }

    @Test func noTunnelAndNoByteIsMissingFromTheSums() throws {
        var (written, sent, received) = (0, UInt64(0), UInt64(0))
        for number in 0..<40_000 {
            let traffic = LineBudgets.Traffic(sent: UInt64(number), received: 3)
            guard self.budgets.permits(self.tunnels, traffic: traffic, now: 100 + number / 8_000) else { continue }
            written += 1
            sent += traffic.sent
            received += traffic.received
        }
        #expect(written == 60 + 4 * 20)
        let reports = self.budgets.takeReports(now: 105, age: 3)
        let report = try #require(reports.first)
        #expect(reports.count == 1 && report.subject == self.tunnels)
        #expect(report.count + written == 40_000)
        #expect(report.traffic.sent + sent == (0..<40_000).reduce(0, +))
        #expect(report.traffic.received + received == 120_000)
        #expect(report.seconds == 5)
        #expect(self.budgets.takeReports(now: 200, age: 0) == [])
    }

    @Test func aFloodThatHasJustBegunIsReportedLater() {
        #expect(self.written(self.tunnels, 100, now: 10) == 60)
        #expect(self.budgets.takeReports(now: 12, age: 3) == [])
        #expect(self.budgets.takeReports(now: 13, age: 3).map(\.count) == [40])
    }

    @Test func oneAccountOrSourceTakesNothingFromAnother() {
        _ = self.written(self.tunnels, 1000, now: 0)
        #expect(self.written(.tunnels(account: "bob"), 60, now: 0) == 60)
        #expect(self.written(.requests(account: "alice"), 100, now: 0) == 100)
        _ = self.written(.connections(source: "192.0.2.7"), 1000, now: 0)
        #expect(self.written(.connections(source: "192.0.2.8"), 500, now: 0) == 500)
        #expect(self.written(.logins(account: "alice", source: "192.0.2.7"), 3000, now: 0) == 3000)
    }

    @Test func whoeverIsQuietIsForgottenAndMoreThanCanBeToldApartShareABudget() {
        for number in 0..<20_000 { _ = self.budgets.permits(.connections(source: "\(number)"), now: 0) }
        #expect(self.budgets.count == 16_385)
        #expect(self.budgets.takeReports(now: 5, age: 0).map(\.subject) == [.others])
        #expect(self.budgets.takeReports(now: 1000, age: 0) == [] && self.budgets.count == 0)
    }

    @Test func aSourceIsAnAddressOrAnIPv6Network() throws {
        let peers = try ["192.0.2.7", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::9"].map {
            PeerName(try SocketAddress(ipAddress: $0, port: 1)).source
        }
        #expect(peers == ["192.0.2.7", "2001:db8:1:2::/64", "2001:db8:1:2::/64"])
    }
}
