import Testing

@testable import SSHServer

struct KnownSourcesTests {
    private func source(_ address: String) -> ClientSource { ClientSource(address, NetBlockSize(ipv4: 32, ipv6: 128)) }

    @Test func aSourceIsKnownWhileSomebodyIsLoggedInAndForAnHourAfterwards() {
        let known = KnownSources()
        let home = self.source("192.0.2.1")
        #expect(!known.contains(home, now: 0))
        known.loggedIn(home)
        known.loggedIn(home)
        #expect(known.contains(home, now: 100_000))
        known.loggedOut(home, now: 100_000)
        #expect(known.contains(home, now: 200_000))
        known.loggedOut(home, now: 200_000)
        #expect(known.contains(home, now: 203_600))
        #expect(!known.contains(home, now: 203_601))
    }

    @Test func neighboursOfOneNetworkAreKnownTogether() {
        let known = KnownSources()
        known.loggedIn(self.source("2001:db8:0:1::1"))
        #expect(known.contains(self.source("2001:db8:0:1:ffff::2"), now: 0))
        #expect(!known.contains(self.source("2001:db8:0:2::1"), now: 0))
        known.loggedIn(self.source("::ffff:192.0.2.1"))
        #expect(known.contains(self.source("192.0.2.1"), now: 0))
        #expect(!known.contains(self.source("192.0.2.2"), now: 0))
    }

    @Test func theTableIsBounded() {
        let known = KnownSources(limit: 10)
        for number in 0..<100 {
            let source = self.source("192.0.2.\(number)")
            known.loggedIn(source)
            known.loggedOut(source, now: number)
        }
        let remembered = (0..<100).filter { known.contains(self.source("192.0.2.\($0)"), now: 100) }
        #expect(remembered == Array(90..<100))
    }
}
