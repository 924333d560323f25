import Glibc
import SSHTestFixtures
import Testing

@testable import SSHSystem

struct ServiceNotifierTests {
    private let folder = TemporaryFolder()

    private func notifier(_ service: DatagramReceiver, _ variables: [String: String] = [:]) throws -> ServiceNotifier {
        let variables = variables.merging(["NOTIFY_SOCKET": service.name]) { _, new in new }
        return try #require(ServiceNotifier(environment: { variables[$0] }, processID: 42))
    }

    @Test func everyStateIsOneDatagramOfAssignments() throws {
        let service = try #require(DatagramReceiver("\(self.folder.path)/notify"))
        let notifier = try self.notifier(service)
        notifier.ready("2 listeners")
        notifier.status("a\nREADY=1")
        notifier.watchdog()
        notifier.stopping("waiting for 3 tunnels")
        #expect(
            service.received() == [
                "READY=1\nSTATUS=2 listeners", "STATUS=a\\012READY=1", "WATCHDOG=1",
                "STOPPING=1\nSTATUS=waiting for 3 tunnels",
            ]
        )
    }

    @Test func aReloadSaysWhenItBeganOnTheMonotonicClock() throws {
        let service = try #require(DatagramReceiver("\(self.folder.path)/notify"))
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let before = time.tv_sec * 1_000_000 + time.tv_nsec / 1000
        try self.notifier(service).reloading()
        let lines = try #require(service.received().first).split(separator: "\n")
        #expect(lines.first == "RELOADING=1")
        let microseconds = try #require(lines.last?.split(separator: "=").last.flatMap { Int($0) })
        #expect((before..<before + 60_000_000).contains(microseconds))
    }

    @Test func abstractSocketsAreReachedToo() throws {
        let service = try #require(DatagramReceiver("@relay-tests-\(getpid())"))
        try self.notifier(service).ready("x")
        #expect(service.received() == ["READY=1\nSTATUS=x"])
    }

    @Test(arguments: [nil, "", "relative", "/nonexistent/notify", "@", "/" + String(repeating: "x", count: 200)])
    func withoutAServiceThereIsNoNotifier(_ name: String?) {
        #expect(ServiceNotifier(environment: { $0 == "NOTIFY_SOCKET" ? name : nil }, processID: 42) == nil)
    }

    @Test(
        arguments: [
            ("30000000", nil, .seconds(15)), ("30000000", "42", .seconds(15)), ("30000000", "43", nil),
            (nil, "42", nil), ("0", nil, nil), ("-1", nil, nil), ("soon", nil, nil),
        ] as [(String?, String?, Duration?)]
    )
    func theWatchdogIsFedTwiceAsOftenAsItBites(_ time: String?, _ process: String?, _ expected: Duration?) throws {
        let service = try #require(DatagramReceiver("\(self.folder.path)/notify"))
        var variables: [String: String] = [:]
        variables["WATCHDOG_USEC"] = time
        variables["WATCHDOG_PID"] = process
        #expect(try self.notifier(service, variables).watchdogInterval == expected)
    }

    @Test func theWatchdogIsFedOnlyWithProofOfLife() async throws {
        let service = try #require(DatagramReceiver("\(self.folder.path)/notify"))
        let notifier = try self.notifier(service, ["WATCHDOG_USEC": "2000"])
        let work = HangingWork(turns: 3)
        let feeding = Task { await notifier.keepAlive { await work.prove() } }
        await work.untilItHangs()
        #expect(service.received() == ["WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"])
        feeding.cancel()
        await feeding.value
        #expect(service.received() == [])
    }

    @Test func withoutAWatchdogNothingIsFed() async throws {
        let service = try #require(DatagramReceiver("\(self.folder.path)/notify"))
        await (try self.notifier(service)).keepAlive {}
        #expect(service.received() == [])
    }
}

/// Works for a number of turns, and then hangs until it is cancelled.
private actor HangingWork {
    private var turns: Int
    private let hung = AsyncStream.makeStream(of: Void.self)

    init(turns: Int) {
        self.turns = turns
    }

    func prove() async {
        self.turns -= 1
        guard self.turns < 0 else { return }
        self.hung.continuation.finish()
        let never = AsyncStream<Void>.makeStream()
        for await _ in never.stream {}
        never.continuation.finish()
    }

    func untilItHangs() async {
        for await _ in self.hung.stream {}
    }
}
