import Synchronization

@testable import SSHServer

/// A relay in memory, as commands see it.
struct OperatedFixture: OperatedRelay {
    struct Client: OperatedConnection {
        let number: UInt64
        var account: String?
        var fingerprint = "SHA256:a"
        var ports: [UInt16] = []
        var names: [String] = []
        var load: ConnectionLoad?
        let registry: Registry

        var owner: (account: String, fingerprint: String)? { self.account.map { ($0, self.fingerprint) } }

        var summary: ConnectionSummary? {
            guard let account else { return nil }
            return ConnectionSummary(
                connection: self.number,
                account: account,
                key: self.fingerprint,
                address: "192.0.2.1",
                port: 50000,
                since: 1_798_761_599,
                listeners: self.ports.map { .port($0, host: "", addresses: ["0.0.0.0"]) },
                listenerCount: self.ports.count,
                tunnels: self.load?.tunnels ?? 0,
                sent: self.load?.sent ?? 0,
                received: self.load?.received ?? 0
            )
        }

        func listens(on port: UInt16) -> Bool { self.account != nil && self.ports.contains(port) }

        func holds(_ name: String) -> Bool { self.account != nil && self.names.contains(name) }

        func kick(_ target: KickTarget, by who: String) -> Bool { self.registry.end(self.number) }
    }

    final class Registry: OperatedConnections {
        struct Entry {
            var account: String?
            var fingerprint = "SHA256:a"
            var ports: [UInt16] = []
            var names: [String] = []
            var load = ConnectionLoad()
        }

        private let entries = Mutex<[UInt64: Entry]>([:])
        private let asked = Mutex<[Int]>([])

        /// How many were asked at a time.
        var pieces: [Int] { self.asked.withLock { $0 } }
        var numbers: [UInt64] { self.entries.withLock { $0.keys.sorted() } }

        func add(_ number: UInt64, _ entry: Entry) { self.entries.withLock { $0[number] = entry } }

        func end(_ number: UInt64) -> Bool { self.entries.withLock { $0.removeValue(forKey: number) != nil } }

        func ask<Answer: Sendable>(
            _ numbers: ArraySlice<UInt64>,
            _ question: @escaping @Sendable (any OperatedConnection) -> Answer?
        ) async -> [Answer] {
            self.asked.withLock { $0.append(numbers.count) }
            let found = self.entries.withLock { entries in
                numbers.compactMap { number in entries[number].map { (number, $0) } }
            }
            return found.compactMap { number, entry in
                question(
                    Client(
                        number: number,
                        account: entry.account,
                        fingerprint: entry.fingerprint,
                        ports: entry.ports,
                        load: entry.load,
                        registry: self
                    )
                )
            }
        }
    }

    let connections = Registry()
    var status = RelayStatus(version: "relay 1", process: 42, since: 1_798_761_599)
    var outcome = ReloadOutcome.holds

    func reload() async -> ReloadOutcome { self.outcome }

    func explain(_ request: ExplainRequest) async throws -> Explanation {
        try Explanation(request, configuration: ServerConfiguration(supported: .all), now: 0)
    }

    /// Logged in to an account.
    func add(
        _ number: UInt64,
        _ account: String?,
        key: String = "SHA256:a",
        ports: [UInt16] = [],
        load: ConnectionLoad = ConnectionLoad()
    ) {
        self.connections.add(
            number,
            Registry.Entry(account: account, fingerprint: key, ports: ports, load: load)
        )
    }
}
