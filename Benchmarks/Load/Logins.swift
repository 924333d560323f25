import ArgumentParser
import Synchronization

/// Logs in and leaves, over and over, and prints how often it did, in how many nanoseconds.
struct Logins: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Log in and leave, over and over.")

    @OptionGroup var target: Target

    @Option(help: "How long.")
    var seconds = 2.0

    func run() async throws {
        let client = try Client(self.target)
        let clock = ContinuousClock()
        let begin = clock.now
        let end = begin.advanced(by: .seconds(self.seconds))
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<self.target.parallel {
                group.addTask {
                    var count = 0
                    while clock.now < end {
                        let connection = try await client.logIn(from: "127.0.0.1")
                        try await connection.disconnect()
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        let took = begin.duration(to: clock.now)
        print(count, took.components.seconds * 1_000_000_000 + took.components.attoseconds / 1_000_000_000)
    }
}
