import ArgumentParser
import Glibc
import NIOCore
import NIOPosix
import SSHWire
import Synchronization

/// Devices that hold a connection with one remote forward each, and come back whenever they lose it, until standard input ends.
struct Fleet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Be devices that come back, each with one remote forward.",
        discussion: """
            Whenever all of them stand, a line is printed: how many they are, how many connections ended before they were \
            logged in, and seconds since the first was lost.
            """
    )

    @OptionGroup var target: Target

    @Option(help: "How many.")
    var count: Int

    @Option(help: "Seconds between a failure and the next try, on average.")
    var retry = 1.0

    func run() async throws {
        let client = try Client(self.target)
        let state = FleetState(count: self.count)
        for index in 0..<self.count {
            Task { await self.beDevice(index, client, state) }
        }
        // Away from the threads that tasks run on, of which there are no more than cores.
        try await NIOThreadPool.singleton.runIfActive { while readLine() != nil {} }
    }

    private func beDevice(_ index: Int, _ client: Client, _ state: FleetState) async {
        while true {
            do {
                let connection = try await client.logIn(from: Hold.source(index))
                // One address: a listener on localhost would hold two descriptors of the server.
                try await connection.listen(on: "127.0.0.1")
                state.stands()
                try? await connection.channel.closeFuture.get()
                state.isLost()
            } catch {
                state.failed(wasDropped: error is SSHError)
                try? await Task.sleep(for: .seconds(self.retry * Double.random(in: 0.5...1.5)))
            }
        }
    }
}

/// How many devices stand.
final class FleetState: Sendable {
    private struct State {
        var standing = 0
        var dropped = 0
        var lost = ContinuousClock.now
        var isComplete = false
    }

    private let count: Int
    private let state = Mutex(State())

    init(count: Int) {
        self.count = count
    }

    func stands() {
        let line = self.state.withLock { state -> String? in
            state.standing += 1
            guard state.standing == self.count else { return nil }
            state.isComplete = true
            let took = state.lost.duration(to: .now).components
            let milliseconds = took.seconds * 1000 + took.attoseconds / 1_000_000_000_000_000
            defer { state.dropped = 0 }
            return "\(self.count) \(state.dropped) \(Double(milliseconds) / 1000)"
        }
        guard let line = line.map({ $0 + "\n" }) else { return }
        // Not through stdio: flushing waits for whoever reads standard input.
        _ = write(STDOUT_FILENO, line, line.utf8.count)
    }

    func isLost() {
        self.state.withLock { state in
            state.standing -= 1
            guard state.isComplete else { return }
            (state.isComplete, state.lost) = (false, .now)
        }
    }

    /// - Parameter wasDropped: the server took the connection and ended it; else it did not even take it.
    func failed(wasDropped: Bool) {
        guard wasDropped else { return }
        self.state.withLock { $0.dropped += 1 }
    }
}
