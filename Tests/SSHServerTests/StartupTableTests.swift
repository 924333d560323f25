import SSHConfiguration
import Testing

@testable import SSHServer

struct StartupTableTests {
    private static let honest = "198.51.100.7"

    private func table(
        _ maximum: MaxStartups = MaxStartups(start: 10, rate: 30, full: 20),
        perSource: Int? = nil,
        bound: Int = 1000
    ) -> StartupTable {
        let blockSize = NetBlockSize(ipv4: 32, ipv6: 128)
        return StartupTable(
            StartupTable.Rules(maximum: maximum, maximumPerSource: perSource, blockSize: blockSize),
            bound: bound
        )
    }

    @Test func whoMakesProgressIsNotCounted() {
        var table = self.table()
        for id in UInt64(0)..<900 {
            let (isOnProbation, victim) = table.insert(id, IPAddress(Self.honest), isKnown: false) { 0 }
            #expect(!isOnProbation && victim == nil)
            table.progress(id, to: .identified)
        }
        #expect(table.countedCount == 0 && table.count == 900)
    }

    @Test func silentConnectionsAreNeverMoreThanThePlacesOnceTheyHaveStalled() {
        var table = self.table()
        var victims: [UInt64] = []
        for id in UInt64(0)..<200 {
            _ = table.insert(id, IPAddress("192.0.2.\(id % 250)"), isKnown: false) { 99 }
        }
        for id in UInt64(0)..<200 { table.stall(id).map { victims.append($0) } }
        #expect(Set(victims).count == victims.count)
        #expect(table.count <= 20)
    }

    @Test func whoComesWhenThereAreTooManyGoesFirst() {
        var table = self.table(MaxStartups(start: 1, rate: 100, full: 1))
        #expect(table.insert(1, IPAddress(Self.honest), isKnown: false) { 0 }.isOnProbation == false)
        #expect(table.insert(2, IPAddress(Self.honest), isKnown: false) { 0 }.isOnProbation == true)
        #expect(table.stall(1) == nil)
        #expect(table.stall(2) == 2)
        #expect(table.count == 1)
    }

    @Test func theSourceWithTheMostLosesItsOldestSilentConnection() {
        var table = self.table(MaxStartups(start: 3, rate: 100, full: 3))
        let flood = (1...3).map { IPAddress("2001:db8:0:1::\($0)") }
        for (id, address) in zip(UInt64(1)..., flood) { _ = table.insert(id, address, isKnown: false) { 0 } }
        _ = table.insert(4, IPAddress(Self.honest), isKnown: false) { 0 }
        for id in 1...3 { #expect(table.stall(UInt64(id)) == nil) }
        #expect(table.stall(4) == 1)
        #expect(table.contains(4) && !table.contains(1))
    }

    @Test func silentConnectionsGoBeforeThoseThatHaveSaidSomethingAndTheseBeforeThoseWithKeys() {
        var table = self.table(MaxStartups(start: 3, rate: 100, full: 3))
        for id in 1...4 { _ = table.insert(UInt64(id), IPAddress(Self.honest), isKnown: false) { 0 } }
        table.progress(1, to: .keysExchanged)
        table.progress(2, to: .identified)
        for id in [1, 2, 3] { #expect(table.stall(UInt64(id)) == nil) }
        #expect(table.stall(4) == 4)
        _ = table.insert(5, IPAddress(Self.honest), isKnown: false) { 0 }
        table.progress(5, to: .identified)
        #expect(table.stall(5) == 3)
        _ = table.insert(6, IPAddress(Self.honest), isKnown: false) { 0 }
        table.progress(6, to: .keysExchanged)
        #expect(table.stall(6) == 2)
        #expect(table.contains(1) && table.contains(5) && table.contains(6))
    }

    @Test func aKnownSourceLosesAfterStrangersThatHaveLess() {
        var table = self.table(MaxStartups(start: 8, rate: 100, full: 8))
        for id in 1...6 { _ = table.insert(UInt64(id), IPAddress(Self.honest), isKnown: true) { 0 } }
        for id in 7...8 { _ = table.insert(UInt64(id), IPAddress("192.0.2.1"), isKnown: false) { 0 } }
        for id in 1...8 { #expect(table.stall(UInt64(id)) == nil) }
        _ = table.insert(9, IPAddress(Self.honest), isKnown: true) { 0 }
        #expect(table.stall(9) == 7)
    }

    @Test func whoGoesOnAfterAPauseIsNotCountedAnyMore() {
        var table = self.table(MaxStartups(start: 1, rate: 100, full: 1))
        _ = table.insert(1, IPAddress(Self.honest), isKnown: false) { 0 }
        table.progress(1, to: .identified)
        #expect(table.stall(1) == nil)
        #expect(table.countedCount == 1)
        table.progress(1, to: nil)
        #expect(table.countedCount == 0)
        _ = table.insert(2, IPAddress(Self.honest), isKnown: false) { 0 }
        #expect(table.stall(2) == nil)
    }

    @Test func perSourceMaxStartupsBoundsWhatOneSourceKeepsSilent() {
        var table = self.table(perSource: 2)
        for id in 1...3 { _ = table.insert(UInt64(id), IPAddress("192.0.2.1"), isKnown: false) { 0 } }
        _ = table.insert(4, IPAddress(Self.honest), isKnown: false) { 0 }
        let victims = [1, 2, 3].map { table.stall($0) }
        #expect(victims == [nil, nil, 3])
        #expect(table.stall(4) == nil)
    }

    @Test func atTheBoundTheHeaviestSourceMakesRoomForAnyOther() {
        var table = self.table(bound: 50)
        for id in 1...50 {
            _ = table.insert(UInt64(id), IPAddress("2001:db8::\(id)"), isKnown: false) { 99 }
            table.progress(UInt64(id), to: .identified)
        }
        #expect(table.insert(51, IPAddress(Self.honest), isKnown: false) { 99 }.victim == 1)
        #expect(table.insert(52, IPAddress("2001:db8::77"), isKnown: false) { 99 }.victim == 52)
        #expect(table.count == 50)
    }

    @Test func thereIsPatienceWithSourcesThatHaveFew() {
        var table = self.table()
        for id in 1...40 { _ = table.insert(UInt64(id), IPAddress("192.0.2.\(id)"), isKnown: false) { 99 } }
        for id in 41...60 { _ = table.insert(UInt64(id), IPAddress("2001:db8::\(id)"), isKnown: false) { 99 } }
        for id in 61...80 { _ = table.insert(UInt64(id), IPAddress("2001:db8:0:2::\(id)"), isKnown: true) { 99 } }
        #expect([1, 40, 61].allSatisfy { table.isPatient(with: $0) })
        #expect(!table.isPatient(with: 41))
    }

    @Test func nothingIsLeftOfThoseWhoHaveGone() {
        var table = self.table(perSource: 5)
        for id in 0..<500 {
            _ = table.insert(UInt64(id), IPAddress("192.0.\(id % 7).1"), isKnown: id % 2 == 0) { 0 }
            if id % 3 == 0 { table.progress(UInt64(id), to: .identified) }
            if id % 5 != 0 { _ = table.stall(UInt64(id)) }
        }
        for id in 0..<500 { table.remove(UInt64(id)) }
        #expect(table.count == 0 && table.countedCount == 0)
        _ = table.insert(1, IPAddress(Self.honest), isKnown: false) { 0 }
        #expect(table.stall(1) == nil)
        #expect(table.countedCount == 1)
    }
}
