public import NIOCore
import NIOPosix
import SSHCrypto
public import SSHProtocol
public import SSHWire

/// A connection to an SSH agent over its Unix socket (draft-ietf-sshm-ssh-agent): made when something is to be asked, and made
/// anew when it was lost.
///
/// Everything happens on its event loop, and nothing blocks it.
public final class AgentConnection {
    /// Where the agent listens.
    public let path: String
    private let eventLoop: any EventLoop
    private let answerTime: TimeAmount
    private var requests = AgentRequests()
    private var lastRequest: UInt64 = 0
    private var promises: [UInt64: EventLoopPromise<AgentAnswer>] = [:]
    private var channel: (any Channel)?
    /// Counts the tries to connect: what comes of one that was given up concerns nobody.
    private var tries: UInt64 = 0
    private var timer: Scheduled<Void>?
    private var timerDeadline: NIODeadline?

    private static let connectTime = TimeAmount.seconds(5)

    /// - Parameter answerTime: how long a request may take, its time in the queue included.
    public init(path: String, on eventLoop: any EventLoop, answerTime: TimeAmount) {
        self.path = path
        self.eventLoop = eventLoop
        self.answerTime = answerTime
    }

    deinit {
        self.channel?.close(promise: nil)
    }

    /// The keys that the agent has.
    ///
    /// Fails with `agentUnreachable` or `agentFailed`.
    public func identities() -> EventLoopFuture<[AgentIdentity]> {
        self.ask(.identities, isUrgent: false) { true }.flatMapThrowing { answer in
            guard case .identities(let identities) = answer else { throw Self.refusal(answer) }
            return identities
        }
    }

    /// The signature that an engine asks for. Whoever gives it to the engine need not check it.
    ///
    /// Fails with `agentUnreachable` or `agentFailed`.
    ///
    /// - Parameters:
    ///   - isUrgent: goes before those that are not.
    ///   - isWanted: asked on the event loop before the agent is. If not, the request fails.
    public func signature(
        for request: SignatureRequest,
        isUrgent: Bool = false,
        isWanted: @escaping () -> Bool = { true }
    ) -> EventLoopFuture<[UInt8]> {
        let question = AgentRequest.sign(
            key: request.key.blob,
            data: request.bytes,
            flags: AgentRequest.SignatureFlags(algorithm: request.algorithm)
        )
        return self.ask(question, isUrgent: isUrgent, isWanted).flatMapThrowing { answer in
            guard case .signature(let signature) = answer else { throw Self.refusal(answer) }
            return signature
        }
    }

    /// Fails what waits, and closes the socket.
    public func close() {
        self.perform(self.requests.close())
    }

    private static func reason(_ error: any Error) -> String {
        (error as? SSHError ?? SSHError(brokenBy: error)).reason
    }

    private static func refusal(_ answer: AgentAnswer) -> SSHError {
        guard case .failure = answer else { return SSHError(.agentFailed, "the agent answers something else") }
        return SSHError(.agentFailed, "the agent refused: it may not have the key, or be locked")
    }

    private func ask(
        _ request: AgentRequest,
        isUrgent: Bool,
        _ isWanted: @escaping () -> Bool
    ) -> EventLoopFuture<AgentAnswer> {
        self.lastRequest += 1
        let promise = self.eventLoop.makePromise(of: AgentAnswer.self)
        self.promises[self.lastRequest] = promise
        let entry = AgentRequests.Entry(
            id: self.lastRequest,
            request: request,
            deadline: self.eventLoop.now + self.answerTime,
            isUrgent: isUrgent,
            isWanted: isWanted
        )
        self.perform(self.requests.append(entry))
        // Who waits for an answer keeps the connection alive.
        promise.futureResult.assumeIsolated().whenComplete { _ in withExtendedLifetime(self) {} }
        return promise.futureResult
    }

    private func perform(_ actions: [AgentRequests.Action]) {
        for action in actions {
            switch action {
            case .connect: self.connect()
            case .write(let bytes): self.channel?.writeAndFlush(bytes, promise: nil)
            case .close:
                let channel = self.channel
                self.channel = nil
                self.tries += 1
                channel?.close(promise: nil)
            case .finish(let id, let result):
                // In the order of the answers, and not in the middle of ours: what follows may ask again.
                guard let promise = self.promises.removeValue(forKey: id) else { continue }
                self.eventLoop.execute { promise.completeWith(result.mapError { $0 as any Error }) }
            }
        }
        self.startTimer()
    }

    // MARK: The socket

    private func connect() {
        do {
            try UnixSocketAddress.check(self.path)
        } catch {
            return self.perform(self.requests.connectingFailed(Self.reason(error)))
        }
        self.tries += 1
        let tried = self.tries
        let connecting = ClientBootstrap(group: self.eventLoop).connectTimeout(Self.connectTime)
            .connect(unixDomainSocketPath: self.path)
        connecting.assumeIsolated().whenComplete { result in
            guard tried == self.tries else { return result.close() }
            switch result {
            case .success(let channel): self.take(channel)
            case .failure(let error): self.perform(self.requests.connectingFailed(Self.reason(error)))
            }
        }
    }

    private func take(_ channel: any Channel) {
        do {
            self.channel = channel
            try channel.pipeline.syncOperations.addHandler(Listener(self))
            self.perform(self.requests.connected())
        } catch {
            self.channel = nil
            channel.close(promise: nil)
            self.perform(self.requests.connectingFailed(Self.reason(error)))
        }
    }

    private func received(_ bytes: ByteBuffer, from channel: any Channel) {
        guard channel === self.channel else { return }
        self.perform(self.requests.received(bytes))
    }

    private func lost(_ channel: any Channel) {
        guard channel === self.channel else { return }
        self.channel = nil
        self.perform(self.requests.disconnected())
    }

    /// Hears what the agent says over one socket, which may be an old one.
    private final class Listener: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private weak var connection: AgentConnection?

        init(_ connection: AgentConnection) {
            self.connection = connection
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard let connection = self.connection else { return context.close(promise: nil) }
            connection.received(self.unwrapInboundIn(data), from: context.channel)
        }

        func channelInactive(context: ChannelHandlerContext) {
            self.connection?.lost(context.channel)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }

    // MARK: Time

    private func startTimer() {
        let deadline = self.requests.nextDeadline
        guard deadline != self.timerDeadline else { return }
        self.timer?.cancel()
        self.timer = nil
        self.timerDeadline = deadline
        guard let deadline else { return }
        self.timer = self.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let self else { return }
            self.timerDeadline = nil
            self.perform(self.requests.advance(now: self.eventLoop.now))
        }
    }
}

extension Result<any Channel, any Error> {
    /// Nobody wants what has come of a try to connect.
    fileprivate func close() {
        if case .success(let channel) = self { channel.close(promise: nil) }
    }
}
