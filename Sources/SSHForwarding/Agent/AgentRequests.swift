import DequeModule
import NIOCore
public import SSHWire

/// What an agent is to be asked over one connection, one request at a time, and what becomes of it: without socket, timer or
/// clock.
struct AgentRequests {
    /// What is to be done now, in this order.
    enum Action {
        case connect
        case write(ByteBuffer)
        case close
        case finish(UInt64, Result<AgentAnswer, SSHError>)
    }

    struct Entry {
        let id: UInt64
        let request: AgentRequest
        let deadline: NIODeadline
        /// It goes before those that are not.
        let isUrgent: Bool
        /// Nobody asks an agent on behalf of somebody who is gone.
        let isWanted: () -> Bool
        /// A connection that was lost may have been an old one, whose agent was started again.
        var mayBeAskedAgain = true
    }

    private enum State {
        case disconnected
        case connecting
        case idle
        case asking(Entry)
    }

    /// So many requests may wait at once. Who waits behind more would not hear in time.
    static let mostWaiting = 4096

    private var state = State.disconnected
    private var urgent = Deque<Entry>()
    private var others = Deque<Entry>()
    private var answers = AgentMessageReader()

    var waitingCount: Int { self.urgent.count + self.others.count }

    /// When `advance` wants to be called next.
    var nextDeadline: NIODeadline? {
        // Requests of a kind came in the order of their deadlines.
        var deadlines = [self.urgent.first, self.others.first].compactMap { $0?.deadline }
        if case .asking(let entry) = self.state { deadlines.append(entry.deadline) }
        return deadlines.min()
    }

    mutating func append(_ entry: Entry) -> [Action] {
        guard self.waitingCount < Self.mostWaiting else {
            return [.finish(entry.id, .failure(Self.failure("too many requests wait for the agent")))]
        }
        if entry.isUrgent { self.urgent.append(entry) } else { self.others.append(entry) }
        return self.goOn()
    }

    mutating func connected() -> [Action] {
        guard case .connecting = self.state else { return [] }
        self.state = .idle
        return self.goOn()
    }

    /// There is no agent: whoever waits need not wait for longer.
    mutating func connectingFailed(_ reason: String) -> [Action] {
        self.state = .disconnected
        let error = SSHError(.agentUnreachable, reason)
        return self.removeAll().map { .finish($0.id, .failure(error)) }
    }

    mutating func received(_ bytes: ByteBuffer) -> [Action] {
        guard case .asking(let entry) = self.state else {
            return self.giveUpConnection("the agent speaks without being asked")
        }
        self.answers.append(bytes)
        do {
            guard let message = try self.answers.next() else { return [] }
            let answer = try AgentAnswer(payload: message)
            guard self.answers.isEmpty else { throw SSHError.protocolViolation("the agent answers twice") }
            self.state = .idle
            return [.finish(entry.id, .success(answer))] + self.goOn()
        } catch {
            return self.giveUpConnection((error as? SSHError)?.reason ?? "\(error)")
        }
    }

    /// The connection is gone. What was asked over it is asked once more over a new one.
    mutating func disconnected() -> [Action] {
        let lost = self.state
        self.forgetConnection()
        guard case .asking(var entry) = lost else { return self.goOn() }
        guard entry.mayBeAskedAgain else {
            let error = Self.failure("the agent closed the connection")
            return [.finish(entry.id, .failure(error))] + self.goOn()
        }
        entry.mayBeAskedAgain = false
        if entry.isUrgent { self.urgent.prepend(entry) } else { self.others.prepend(entry) }
        return self.goOn()
    }

    /// Lets those go who have waited long enough.
    mutating func advance(now: NIODeadline) -> [Action] {
        let error = Self.failure("the agent did not answer in time")
        var actions: [Action] = []
        if case .asking(let entry) = self.state, entry.deadline <= now {
            // Its answer may still come, and must not be taken for another's.
            self.forgetConnection()
            actions += [.close, .finish(entry.id, .failure(error))]
        }
        while let entry = self.urgent.first, entry.deadline <= now {
            _ = self.urgent.popFirst()
            actions.append(.finish(entry.id, .failure(error)))
        }
        while let entry = self.others.first, entry.deadline <= now {
            _ = self.others.popFirst()
            actions.append(.finish(entry.id, .failure(error)))
        }
        return actions + self.goOn()
    }

    /// Asks nothing any more.
    mutating func close() -> [Action] {
        var entries = self.removeAll()
        if case .asking(let entry) = self.state { entries.append(entry) }
        self.forgetConnection()
        return [.close]
            + entries.map { .finish($0.id, .failure(Self.failure("the connection to the agent was closed"))) }
    }

    private mutating func goOn() -> [Action] {
        var actions: [Action] = []
        while let entry = self.urgent.first ?? self.others.first {
            guard entry.isWanted() else {
                self.removeFirst()
                actions.append(.finish(entry.id, .failure(Self.failure("nobody waits for it any more"))))
                continue
            }
            switch self.state {
            case .disconnected:
                self.state = .connecting
                return actions + [.connect]
            case .connecting, .asking:
                return actions
            case .idle:
                self.removeFirst()
                self.state = .asking(entry)
                return actions + [.write(entry.request.message)]
            }
        }
        return actions
    }

    /// What comes over this connection cannot be told apart any more.
    private mutating func giveUpConnection(_ reason: String) -> [Action] {
        let state = self.state
        self.forgetConnection()
        guard case .asking(let entry) = state else { return [.close] + self.goOn() }
        return [.close, .finish(entry.id, .failure(Self.failure(reason)))] + self.goOn()
    }

    private mutating func forgetConnection() {
        self.state = .disconnected
        self.answers = AgentMessageReader()
    }

    private mutating func removeFirst() {
        if self.urgent.popFirst() == nil { _ = self.others.popFirst() }
    }

    private mutating func removeAll() -> [Entry] {
        defer { (self.urgent, self.others) = (Deque(), Deque()) }
        return Array(self.urgent) + Array(self.others)
    }

    private static func failure(_ reason: String) -> SSHError { SSHError(.agentFailed, reason) }
}

extension SSHError.Code {
    /// Nobody listens on the agent's socket, or it may not be used.
    public static let agentUnreachable = SSHError.Code("agentUnreachable")
    /// The agent did not do what it was asked.
    public static let agentFailed = SSHError.Code("agentFailed")
}
