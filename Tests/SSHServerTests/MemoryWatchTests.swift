import Logging
import SSHProtocol
import Synchronization
import Testing

@testable import SSHServer

struct MemoryWatchTests {
    private static let mebibyte = 1024 * 1024

    private final class Heard: Sendable {
        let lines = Mutex<[String]>([])
        let returns = Mutex(0)
    }

    private struct Handler: LogHandler {
        let heard: Heard
        var metadata = Logger.Metadata()
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { nil }
            set {}
        }

        func log(event: LogEvent) {
            self.heard.lines.withLock { $0.append("\(event.message)") }
        }
    }

    private func watch(_ memory: ResourceBudget, _ heard: Heard) -> MemoryWatch {
        MemoryWatch(
            memory: memory,
            descriptors: ResourceBudget(limit: 100),
            giveBack: { heard.returns.withLock { $0 += 1 } },
            logger: { Logger(label: "") { _ in Handler(heard: heard) } }
        )
    }

    @Test func anAccountThatHoldsAllItMayIsNamedOnceAMinute() {
        let (budget, heard) = (ResourceBudget(limit: 100 * Self.mebibyte), Heard())
        var watch = self.watch(budget, heard)
        let share = ResourceShare(budget.account(named: "mallory\n"))
        for now in 0..<100 {
            while share.take(Self.mebibyte, for: .opening) > 0 {}
            watch.look(now: now)
        }
        let lines = heard.lines.withLock { $0 }
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { $0.contains("mallory\\n") || $0.contains("mallory\\012") })
        #expect(lines.allSatisfy { $0.contains("MiB") && !$0.contains("\n") })
    }

    @Test func memoryGoesBackWhenAPeakIsOverAndNotBefore() {
        let (budget, heard) = (ResourceBudget(limit: 1_000 * Self.mebibyte), Heard())
        var watch = self.watch(budget, heard)
        let share = ResourceShare(budget.account(named: "a"))
        share.charge(300 * Self.mebibyte)
        watch.look(now: 0)
        #expect(heard.returns.withLock { $0 } == 0)
        share.giveBack(100 * Self.mebibyte)
        watch.look(now: 1)
        share.giveBack(200 * Self.mebibyte)
        watch.look(now: 2)
        #expect(heard.returns.withLock { $0 } == 0)
        for now in 3..<10 { watch.look(now: now) }
        #expect(heard.returns.withLock { $0 } == 1)
    }
}
