import Testing

@testable import SSHServer

struct SourcePenaltiesTests {
    private func penalties(_ lines: String = "") throws -> SourcePenalties {
        SourcePenalties(try ServerConfiguration.parsing(lines))
    }

    @Test func penaltiesAddUpAndCountFromTheMinimumOn() throws {
        let penalties = try self.penalties()
        for _ in 0..<2 { penalties.punish("192.0.2.1", for: .failedAuthentication, now: 100) }
        #expect(penalties.refusal(of: "192.0.2.1", now: 100) == nil)
        penalties.punish("192.0.2.1", for: .failedAuthentication, now: 100)
        #expect(penalties.refusal(of: "192.0.2.1", now: 100) == .failedAuthentication)
        #expect(penalties.refusal(of: "192.0.2.1", now: 114) == .failedAuthentication)
        #expect(penalties.refusal(of: "192.0.2.1", now: 115) == nil)
        #expect(penalties.refusal(of: "192.0.2.2", now: 100) == nil)
    }

    @Test func penaltiesNeverReachBeyondTheMaximum() throws {
        let penalties = try self.penalties("PerSourcePenalties max:20s")
        for _ in 0..<1000 { penalties.punish("192.0.2.1", for: .exceededGrace, now: 0) }
        #expect(penalties.refusal(of: "192.0.2.1", now: 19) == .exceededGrace)
        #expect(penalties.refusal(of: "192.0.2.1", now: 20) == nil)
    }

    @Test(arguments: ["PerSourcePenalties no", "PerSourcePenaltyExemptList 192.0.2.0/24"])
    func whoIsExemptIsNeverRefused(_ line: String) throws {
        let penalties = try self.penalties(line)
        for _ in 0..<10 { penalties.punish("192.0.2.1", for: .exceededGrace, now: 0) }
        #expect(penalties.refusal(of: "192.0.2.1", now: 1) == nil)
    }

    @Test func addressesOfOneBlockAreOneSource() throws {
        let penalties = try self.penalties("PerSourceNetBlockSize 24:64")
        for host in 1...2 { penalties.punish("192.0.2.\(host)", for: .exceededGrace, now: 0) }
        for host in 1...2 { penalties.punish("2001:db8::\(host)", for: .exceededGrace, now: 0) }
        #expect(penalties.refusal(of: "192.0.2.99", now: 1) != nil)
        #expect(penalties.refusal(of: "::ffff:192.0.2.98", now: 1) != nil)
        #expect(penalties.refusal(of: "192.0.3.1", now: 1) == nil)
        #expect(penalties.refusal(of: "2001:db8::ffff", now: 1) != nil)
        #expect(penalties.refusal(of: "2001:db8:0:1::1", now: 1) == nil)
    }

    @Test func aFullTableForgetsWhatEndsFirst() throws {
        let penalties = try self.penalties("PerSourcePenalties max-sources4:2 min:1s")
        penalties.punish("192.0.2.1", for: .exceededGrace, now: 0)
        penalties.punish("192.0.2.2", for: .noAuthentication, now: 0)
        penalties.punish("192.0.2.3", for: .exceededGrace, now: 0)
        let refused = (1...3).map { penalties.refusal(of: "192.0.2.\($0)", now: 0) != nil }
        #expect(refused == [true, false, true])
    }

    @Test func aFullTableThatDeniesAllServesNobodyOfThatFamilyUntilOneEnds() throws {
        let penalties = try self.penalties(
            "PerSourcePenalties max-sources4:2 min:1s overflow:deny-all\nPerSourcePenaltyExemptList 192.0.2.9"
        )
        penalties.punish("192.0.2.1", for: .exceededGrace, now: 0)
        #expect(penalties.refusal(of: "192.0.2.7", now: 0) == nil)
        penalties.punish("192.0.2.2", for: .failedAuthentication, now: 0)
        #expect(penalties.refusal(of: "192.0.2.7", now: 0) == .tooMany)
        #expect(penalties.refusal(of: "192.0.2.9", now: 0) == nil)
        #expect(penalties.refusal(of: "2001:db8::1", now: 0) == nil)
        #expect(penalties.refusal(of: "192.0.2.7", now: 5) == nil)
    }

    @Test func aPenaltyThatGrewIsForgottenInItsNewTurn() throws {
        let penalties = try self.penalties("PerSourcePenalties max-sources4:2 min:1s")
        penalties.punish("192.0.2.1", for: .noAuthentication, now: 0)
        penalties.punish("192.0.2.2", for: .failedAuthentication, now: 0)
        penalties.punish("192.0.2.1", for: .exceededGrace, now: 0)
        penalties.punish("192.0.2.3", for: .exceededGrace, now: 0)
        let refused = (1...3).map { penalties.refusal(of: "192.0.2.\($0)", now: 0) != nil }
        #expect(refused == [true, false, true])
    }
}
