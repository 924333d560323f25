import Glibc
import Testing

@testable import SSHSystem

struct BoundedProgramTests {
    private static func run(
        _ script: String,
        environment: [String] = ["PATH=/usr/bin:/bin"],
        timeLimit: Duration = .seconds(60),
        outputLimit: Int = 1 << 20
    ) -> BoundedProgram.Run {
        BoundedProgram(
            arguments: ["/bin/sh", "-c", script],
            environment: environment,
            timeLimit: timeLimit,
            outputLimit: outputLimit
        ).run()
    }

    private static func failure(_ run: BoundedProgram.Run) -> BoundedProgram.Failure? {
        if case .failure(let failure) = run.output { failure } else { nil }
    }

    private static func text(_ run: BoundedProgram.Run) throws -> String {
        String(decoding: try run.output.get(), as: UTF8.self)
    }

    @Test func outputOfAProgramThatSucceedsIsGivenWhole() throws {
        #expect(try Self.text(Self.run("echo one; echo two >&2; echo three")) == "one\nthree\n")
        let size = 200_000
        #expect(try Self.run("head -c \(size) /dev/zero", outputLimit: size).output.get().count == size)
    }

    @Test func outputOfAProgramThatFailsIsNot() {
        let run = Self.run("echo one; echo why >&2; exit 3")
        #expect(Self.failure(run) == .status(3))
        #expect(String(decoding: run.errors, as: UTF8.self) == "why\n")
        #expect(Self.failure(Self.run("echo one; kill -TERM $$")) == .signal(SIGTERM))
    }

    @Test func programThatIsNotThereIsNotStarted() {
        let program = BoundedProgram(
            arguments: ["/no/program"],
            environment: [],
            timeLimit: .seconds(9),
            outputLimit: 9
        )
        #expect(Self.failure(program.run()) == .notStarted("No such file or directory"))
        let split = BoundedProgram(
            arguments: ["/bin/echo", "a\0b"],
            environment: [],
            timeLimit: .seconds(9),
            outputLimit: 9
        )
        #expect(Self.failure(split.run()) == .notStarted("an argument holds a NUL byte"))
    }

    /// The limit is short, the program would take far longer than the test may.
    @Test(arguments: [
        "sleep 1000", "exec >&-; sleep 1000", "sleep 1000 & exit 0", "trap '' TERM HUP INT; sleep 1000 & wait",
    ])
    func programThatHangsIsKilledWithWhatItStarted(_ script: String) {
        let mark = "4\(UInt32.random(in: 100_000...999_999))"
        let marked = script.split(separator: "1000", omittingEmptySubsequences: false).joined(separator: mark)
        #expect(Self.failure(Self.run(marked, timeLimit: .milliseconds(300))) == .tooLong)
        // Killed ones may take a moment to go.
        let deadline = ContinuousClock.now + .seconds(10)
        while Self.isRunning("sleep \(mark)"), ContinuousClock.now < deadline { sched_yield() }
        #expect(!Self.isRunning("sleep \(mark)"))
    }

    private static func isRunning(_ command: String) -> Bool {
        (try? Self.run("pgrep -xf '\(command)' || true").output.get()).map { !$0.isEmpty } ?? true
    }

    @Test func programThatWritesTooMuchIsKilled() {
        #expect(Self.failure(Self.run("yes", outputLimit: 1 << 20)) == .tooMuch)
        let run = Self.run("yes >&2 & yes", outputLimit: 1 << 20)
        #expect(Self.failure(run) == .tooMuch)
        #expect(run.errors.count <= 512)
    }

    @Test func nothingOfOursIsPassedOn() throws {
        let descriptor = open("/dev/null", O_RDONLY)
        defer { close(descriptor) }
        // ls itself has one more.
        #expect(try Self.text(Self.run("ls /proc/self/fd")).split(separator: "\n") == ["0", "1", "2", "3"])
        #expect(try Self.text(Self.run("pwd; cat; readlink /proc/self/fd/0")) == "/\n/dev/null\n")
        let variables = try Self.text(Self.run("env", environment: ["A=b", "PATH=/usr/bin:/bin"]))
        #expect(
            Set(variables.split(separator: "\n")).isSubset(of: ["A=b", "PATH=/usr/bin:/bin", "PWD=/", "_=/usr/bin/env"])
        )
        let signals = try Self.text(Self.run("grep -E 'SigBlk|SigIgn' /proc/self/status | cut -f 2")).split(
            separator: "\n"
        )
        // posix_spawn(3) leaves out signals 32 and 33, the threads library's own.
        let ordinary = UInt64(1) << 31 - 1
        #expect(signals.map { UInt64($0, radix: 16).map { $0 & ordinary } } == [0, 0])
        let ids = try Self.text(Self.run("ps -o pid= -o pgid= -o sid= -p $$")).split(separator: " ")
        #expect(Set(ids.map { $0.filter(\.isNumber) }).count == 1)
    }

    @Test func manyAtOnceDoNotHoldOneAnothersPipes() async throws {
        let texts = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for number in 0..<32 {
                group.addTask { (number, try Self.text(Self.run("echo \(number)"))) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(texts == Dictionary(uniqueKeysWithValues: (0..<32).map { ($0, "\($0)\n") }))
    }

    @Test func programThatNobodyWaitsForAnyMoreIsKilled() {
        let program = BoundedProgram(
            arguments: ["/bin/sleep", "1000"],
            environment: [],
            timeLimit: .seconds(60),
            outputLimit: 9,
            isWanted: { false }
        )
        #expect(Self.failure(program.run()) == .unwanted)
    }
}
