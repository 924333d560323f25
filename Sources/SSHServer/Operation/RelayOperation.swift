import Glibc
import SSHSystem
import SSHWire

/// Carries commands out, for every door the same.
///
/// Connections are asked on their event loops, a few hundred at a time: tunnels of others have their turn in between.
struct RelayOperation<Relay: OperatedRelay>: Sendable {
    let relay: Relay

    func perform(_ command: OperatorCommand, by who: Operator) async -> OperatorReply<Relay.Connections> {
        switch command {
        case .status: return .status(await self.status())
        case .list: return .list(ConnectionList(self.relay.connections))
        case .reload:
            switch await self.relay.reload() {
            case .holds: return .reloaded
            case .failed(let reason): return .failed("the configuration stays as it was: \(reason)")
            }
        case .kick(let target): return .kicked(await self.relay.connections.kick(target, by: who.description))
        case .explain(let request):
            do {
                return .explained(try await self.relay.explain(request))
            } catch {
                return .failed((error as? SSHError)?.reason ?? "\(error)")
            }
        }
    }

    private func status() async -> RelayStatus {
        // Before those of the tunnels that are open: one that ends meanwhile is not counted twice.
        var status = self.relay.status
        for numbers in self.relay.connections.numbers.pieces(of: Piece.ofQuestions) {
            for load in await self.relay.connections.ask(numbers, { $0.load }) {
                if load.isLoggedIn { status.connections += 1 } else { status.beginning += 1 }
                status.listeners += load.listeners
                status.tunnels += load.tunnels
                status.sent += load.sent
                status.received += load.received
            }
        }
        return status
    }
}

/// What comes of a command.
enum OperatorReply<Connections: OperatedConnections>: Sendable {
    case status(RelayStatus)
    case list(ConnectionList<Connections>)
    /// So many connections have been ended.
    case kicked(Int)
    case reloaded
    case explained(Explanation)
    /// Nothing has come of it.
    case failed(String)
}

/// Who is logged in, found out a piece at a time, as fast as somebody reads it.
struct ConnectionList<Connections: OperatedConnections>: AsyncSequence, Sendable {
    typealias Element = [ConnectionSummary]
    typealias Failure = Never

    private let connections: Connections

    init(_ connections: Connections) {
        self.connections = connections
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(connections: self.connections, left: self.connections.numbers[...])
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate let connections: Connections
        fileprivate var left: ArraySlice<UInt64>

        mutating func next() async -> [ConnectionSummary]? {
            while !self.left.isEmpty {
                let numbers = self.left.prefix(Piece.ofQuestions)
                self.left = self.left.dropFirst(numbers.count)
                let summaries = await self.connections.ask(numbers) { $0.summary }
                if !summaries.isEmpty { return summaries }
            }
            return nil
        }
    }
}

/// How many connections of an event loop are seen to before others have their turn.
enum Piece {
    /// A few hundred microseconds.
    static let ofQuestions = 256
    /// An end takes longer: a message, a line of the log, sockets to be closed.
    static let ofEnds = 32
}

extension Array {
    func pieces(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: self.count, by: size).map { self[$0..<Swift.min($0 + size, self.count)] }
    }
}
