import ArgumentParser
import Glibc

/// Holds idle connections, each from an address of its own with one remote forward, until standard input ends.
struct Hold: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hold idle connections, each with one remote forward.",
        discussion: """
            The first line on standard input makes the connections; when they stand, their number is printed. Each further line \
            asks each of them for an answer of its server, and the number of those that got one is printed.
            """
    )

    @OptionGroup var target: Target

    @Option(help: "How many.")
    var count: Int

    func run() async throws {
        let client = try Client(self.target)
        guard readLine() != nil else { return }
        var connections: [Connection] = []
        connections.reserveCapacity(self.count)
        for first in stride(from: 0, to: self.count, by: self.target.parallel) {
            let indexes = first..<min(first + self.target.parallel, self.count)
            connections += try await withThrowingTaskGroup(of: Connection.self) { group in
                for index in indexes {
                    group.addTask {
                        let connection = try await client.logIn(from: Self.source(index))
                        try await connection.listen()
                        return connection
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        self.tell(connections.count)
        while readLine() != nil {
            let alive = await withTaskGroup(of: Bool.self) { group in
                for connection in connections { group.addTask { await connection.isAlive() } }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            self.tell(alive)
        }
    }

    private func tell(_ number: Int) {
        print(number)
        fflush(nil)
    }

    /// All of 127.0.0.0/8 is this machine.
    static func source(_ index: Int) -> String {
        "127.\(1 + index / 62_500).\(index / 250 % 250).\(1 + index % 250)"
    }
}
