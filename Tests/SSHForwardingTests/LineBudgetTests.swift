import SSHForwarding
import Testing

struct LineBudgetTests {
    @Test func afterSomeAtOnceThereIsOneASecond() {
        var budget = LineBudget(now: 1000)
        var written = 0
        for second in 1000..<1010 {
            for _ in 0..<500 where budget.take(now: second) { written += 1 }
        }
        #expect(written == LineBudget.atOnce + 9)
        #expect(budget.takeOmitted() == 5000 - written)
        #expect(budget.takeOmitted() == 0)
    }

    @Test func silenceFillsItUpAgainAndNoFurther() {
        var budget = LineBudget(now: 0)
        for _ in 0..<1000 { _ = budget.take(now: 0) }
        var written = 0
        for _ in 0..<1000 where budget.take(now: .max) { written += 1 }
        #expect(written == LineBudget.atOnce)
    }
}
