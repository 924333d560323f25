import Glibc
import Logging
import NIOCore
import SSHConfiguration
import SSHSystem

/// Translates between the control socket's lines and typed commands and replies.
struct ControlAnswer<Relay: OperatedRelay>: Sendable {
    let operation: RelayOperation<Relay>
    let logger: @Sendable () -> Logger

    /// Writes the reply to a request as fast as the client takes it.
    ///
    /// - Throws: if the client is gone, or takes nothing.
    func answer(_ request: [UInt8], on channel: any Channel) async throws {
        guard let who = try await Operator(of: channel) else { return }
        let command: OperatorCommand
        do {
            command = try OperatorCommand(line: request)
        } catch {
            self.logger().info("Control socket: no command from \(who): \(error.reason.escapedForLog)")
            return try await self.write([.failed(error.reason)], to: channel)
        }
        self.note(command, who)
        switch await self.operation.perform(command, by: who) {
        case .status(let status): try await self.write([.status(status)], to: channel)
        case .list(let list):
            for await summaries in list { try await self.write(summaries.map { .connection($0) }, to: channel) }
            try await self.write([.end], to: channel)
        case .kicked(let count):
            self.logger().info("Control socket: \(command.words) by \(who) has ended \(count) connections.")
            try await self.write([.kicked(count)], to: channel)
        case .reloaded: try await self.write([.reloaded], to: channel)
        case .explained(let explanation):
            let line = OperatorReplyLine.explained(isPermitted: explanation.isPermitted, lines: explanation.lines)
            try await self.write([line], to: channel)
        case .failed(let reason): try await self.write([.failed(reason)], to: channel)
        }
    }

    /// What changes something is told at INFO, questions to who debugs.
    private func note(_ command: OperatorCommand, _ who: Operator) {
        let changes =
            switch command {
            case .reload, .kick: true
            case .status, .list, .explain: false
            }
        self.logger().log(level: changes ? .info : .trace, "Control socket: \(command.words) by \(who).")
    }

    private func write(_ lines: [OperatorReplyLine], to channel: any Channel) async throws {
        var buffer = channel.allocator.buffer(capacity: lines.count * 512)
        for line in lines { buffer.writeString(line.line) }
        let deadline = channel.eventLoop.scheduleTask(in: ControlClient.patience) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        try await channel.writeAndFlush(buffer)
    }
}

extension OperatorCommand {
    /// Fit for a log.
    var words: String {
        switch self {
        case .status: "status"
        case .list: "list"
        case .reload: "reload"
        case .kick(let target): "kick \(target.description)"
        case .explain(let request): "explain account \(request.account.escapedForLog)"
        }
    }
}

extension Operator {
    /// `struct ucred` of unix(7).
    private struct Credentials: Sendable {
        var process: Int32
        var userID: UInt32
        var groupID: UInt32
    }

    /// Who is at the other end of a Unix socket: the system says so, of the moment when it was connected.
    ///
    /// - Returns: nil if it is no socket.
    init?(of channel: any Channel) async throws {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        let name = NIOBSDSocket.Option(rawValue: SO_PEERCRED)
        let found: Credentials = try await provider.unsafeGetSocketOption(level: .socket, name: name).get()
        self.init(userID: found.userID, process: found.process)
    }
}
