import NIOCore
import SSHConfiguration
import SSHSystem

/// `list`: the devices and ports of the caller's account.
extension SessionAnswer {
    func list(isRepeated: Bool) async throws -> SessionCommandEnd {
        guard !isRepeated || (self.stream.hasTerminal && !self.wantsJSON) else {
            return .failure("list: --watch is for a terminal: use ssh -t", status: 2)
        }
        repeat {
            let rows = await self.rows()
            // The cursor goes home, and what stood below is cleared.
            if isRepeated { try await self.stream.write("\u{1b}[H\u{1b}[2J") }
            if self.wantsJSON {
                try await self.write(rows.map { row in self.object { row.write(to: &$0) } })
            } else {
                let table = OperatorTable(rows)
                try await self.write(self.stream.hasTerminal ? table.aligned : table.tabbed)
            }
            if isRepeated { try await Task.sleep(for: Self.interval) }
        } while isRepeated
        return .success
    }

    private func rows() async -> [DeviceRow] {
        let (connections, account) = (self.context.connections, self.caller.account)
        var rows: [DeviceRow] = []
        for numbers in connections.numbers.pieces(of: Piece.ofQuestions) {
            let summaries = await connections.ask(numbers) { connection in
                connection.owner?.account.hasSameBytes(as: account) == true ? connection.summary : nil
            }
            rows += summaries.flatMap(DeviceRow.rows)
        }
        rows += self.context.routes.connectPorts.ports(of: account).map { DeviceRow($0) }
        let here = Set(rows.map(\.place))
        rows += self.context.routes.history.placesThatAreGone(of: account)
            .map { DeviceRow(gone: $0) }.filter { !here.contains($0.place) }
        return rows.sorted { ($0.place, $0.connection ?? 0) < ($1.place, $1.connection ?? 0) }
    }
}

/// A device's name, a port, a path, or a port that `connect` has opened.
struct DeviceRow: Hashable, Sendable {
    /// `nuc:22`, `localhost:2222`.
    let place: String
    /// `online`, `gone`, `port=63943`.
    let state: String
    /// Who is there; nil for a port of `connect`.
    var connection: UInt64?
    var key: String?
    var address: String?
    /// Since when it is there, or gone; until when a port of `connect` is. In seconds since 1970.
    let since: UInt64
    /// Of the whole connection.
    var tunnels = 0
    var sent: UInt64 = 0
    var received: UInt64 = 0

    static func rows(_ summary: ConnectionSummary) -> [DeviceRow] {
        summary.listeners.map { listener in
            DeviceRow(
                place: listener.column,
                state: "online",
                connection: summary.connection,
                key: summary.key,
                address: summary.address,
                since: summary.since,
                tunnels: summary.tunnels,
                sent: summary.sent,
                received: summary.received
            )
        }
    }

    func write(to writer: inout JSONObjectWriter) {
        writer.add("place", text: self.place)
        writer.add("state", text: self.state)
        if let connection { writer.add("connection", number: connection) }
        if let key { writer.add("key", text: key) }
        if let address { writer.add("address", text: address) }
        writer.add("since", number: self.since)
        writer.add("tunnels", number: self.tunnels)
        writer.add("sent", number: self.sent)
        writer.add("received", number: self.received)
    }
}

extension DeviceRow {
    init(_ port: ConnectPorts.Port) {
        self.init(place: "\(port.name)", state: "port=\(port.number)", since: port.expires, tunnels: port.tunnels)
    }

    init(gone place: DeviceHistory.Place) {
        self.init(
            place: place.listener.column,
            state: "gone",
            key: place.key,
            address: place.address,
            since: place.lastSeen
        )
    }
}

extension OperatorTable {
    init(_ rows: [DeviceRow]) {
        self.init(
            names: ["PLACE", "STATE", "ADDRESS", "SINCE", "TUNNELS", "SENT", "RECEIVED", "CONNECTION", "KEY"],
            rows: rows.map { row in
                [
                    row.place, row.state, row.address ?? "-", LogTime.text(row.since), "\(row.tunnels)", "\(row.sent)",
                    "\(row.received)", row.connection.map { "\($0)" } ?? "-", row.key ?? "-",
                ]
            }
        )
    }
}

extension DeviceHistory.Place {
    fileprivate var listener: ConnectionSummary.Listener {
        self.name.isName
            ? .name(self.name.host, self.name.port) : .port(self.name.port, host: self.name.host, addresses: [])
    }
}
