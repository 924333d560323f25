import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// A session on a host that runs nothing but the relay's own commands: a shell or any other command is told so in one line on
/// standard error, and ends with status 1. Standard output stays empty: there, scp, rsync and git would take the line for their protocol.
final class SessionChannel: ChannelSink, IdleChannel {
    private let connection: ConnectionHandler
    private let id: ChannelID
    private let message: String
    private let onCommand: (SessionChannel, ByteBuffer) -> (() -> Void)?
    private let onSubsystem: (String) -> Void
    private let onEnd: (SessionChannel) -> Void
    private(set) var hasTerminal = false
    private var hasAnswered = false
    private(set) var lastActivity = NIODeadline.now()

    /// - Parameters:
    ///   - onCommand: says what happens to a command once the client has been told that it runs; nil for one that is none.
    ///   - onSubsystem: is told the name of each subsystem that is asked for, and refused.
    init(
        _ connection: ConnectionHandler,
        _ id: ChannelID,
        message: String,
        onCommand: @escaping (SessionChannel, ByteBuffer) -> (() -> Void)?,
        onSubsystem: @escaping (String) -> Void,
        onEnd: @escaping (SessionChannel) -> Void
    ) {
        self.connection = connection
        self.id = id
        self.message = message
        self.onCommand = onCommand
        self.onSubsystem = onSubsystem
        self.onEnd = onEnd
    }

    func channelRequest(_ name: String, _ data: ByteBuffer, reply: UInt64?) {
        guard let request = try? SessionRequest(name: name, data: data) else {
            return self.answer(reply, success: false)
        }
        switch request {
        case .shell, .execute:
            // RFC 4254 §6.5: only one of these requests can succeed per channel.
            guard !self.hasAnswered else { return self.answer(reply, success: false) }
            self.hasAnswered = true
            let run: (() -> Void)? =
                if case .execute(let command) = request { self.onCommand(self, command) } else { nil }
            self.answer(reply, success: true)
            if let run { run() } else { self.sayNo() }
        case .subsystem(let name):
            self.onSubsystem(name)
            self.answer(reply, success: false)
        // A terminal and its environment are granted so that the client shows our line and nothing else.
        case .pseudoTerminal:
            self.hasTerminal = true
            self.answer(reply, success: true)
        case .environment, .windowChange: self.answer(reply, success: true)
        default: self.answer(reply, success: false)
        }
    }

    private func answer(_ reply: UInt64?, success: Bool) {
        guard let reply else { return }
        let id = self.id
        self.connection.perform { try $0.answerChannelRequest(reply, success: success, on: id) }
    }

    private func sayNo() {
        let id = self.id
        self.connection.perform { $0.sendStandardError(on: id) }
        // A client whose own terminal is raw prints the line as it comes.
        self.connection.send(ByteBuffer(string: self.message + (self.hasTerminal ? "\r\n" : "\n")), on: id)
        self.connection.perform { engine in
            try engine.sendChannelRequest(.exitStatus(1), wantReply: false, on: id)
            try engine.sendEOF(on: id)
            try engine.closeChannel(id)
        }
    }

    func channelRead(_ data: ByteBuffer) {
        self.lastActivity = .now()
        // Nobody reads what is typed.
        self.connection.delivered(data.readableBytes, on: self.id)
    }

    func channelReadExtended(_ type: UInt32, _ data: ByteBuffer) {
        self.connection.delivered(data.readableBytes, on: self.id)
    }

    func channelEOF() {}

    func endIdle() {
        self.connection.abort(self.id)
    }

    func channelCloseReceived() {
        self.connection.close(self.id)
    }

    func channelClosed() {
        self.onEnd(self)
    }
}
