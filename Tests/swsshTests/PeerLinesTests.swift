import SSHClient
import SSHForwarding
import Testing

@testable import swssh

struct PeerLinesTests {
    @Test func whatOthersCauseIsBoundedCountedAndTold() {
        var lines = PeerLines(now: 0)
        var written = 0
        for second in 0..<6 {
            for _ in 0..<10_000 where lines.take(.error, now: second) == .write { written += 1 }
        }
        #expect(written == LineBudget.atOnce + 5)
        let report = lines.takeOmitted()
        #expect(report.map(\.text) == ["\(60_000 - written) further lines like these were left out"])
        #expect(report.map(\.level) == [.error])
        #expect(lines.takeOmitted().isEmpty)
    }

    @Test func detailsTakeNothingFromErrors() {
        var lines = PeerLines(now: 0)
        for _ in 0..<1000 { _ = lines.take(.debug1, now: 0) }
        #expect(lines.take(.error, now: 0) == .write)
        #expect(lines.takeOmitted().map(\.level) == [.debug1])
    }

    @Test func onlyTheFirstOmissionAsksForAReport() {
        var lines = PeerLines(now: 0)
        for _ in 0..<LineBudget.atOnce { #expect(lines.take(.info, now: 0) == .write) }
        #expect(lines.take(.info, now: 0) == .omit(isFirst: true))
        #expect(lines.take(.error, now: 0) == .omit(isFirst: false))
        _ = lines.takeOmitted()
        #expect(lines.take(.error, now: 0) == .omit(isFirst: true))
    }
}
