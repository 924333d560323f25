import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire

/// One connection, as seen from outside its event loop.
struct Connection: Sendable {
    let channel: any Channel
    let events: NIOLoopBound<ConnectionEvents>

    func waitForLogin() async throws {
        try await self.channel.eventLoop.flatSubmit { self.events.value.loggedIn.futureResult }.get()
    }

    /// Asks for a listener on a port that the server chooses.
    func listen(on host: String = "localhost") async throws {
        let request = GlobalRequest.Request.tcpipForward(ForwardAddress(host: host, port: 0))
        guard try await self.ask(request) else { throw SSHError(.forwardingFailed, "the server does not listen") }
    }

    /// Whether the server still answers. Which request it is that it answers with no is all the same.
    func isAlive() async -> Bool {
        (try? await self.ask(.other(name: "keepalive@openssh.com", data: ByteBuffer()))) != nil
    }

    private func ask(_ request: GlobalRequest.Request) async throws -> Bool {
        try await self.channel.eventLoop.flatSubmit { self.events.value.ask(request) }.get()
    }

    func disconnect() async throws {
        self.channel.eventLoop.execute { self.events.value.handler?.disconnect(.byApplication, "done") }
        try await self.channel.closeFuture.get()
    }
}

/// The owner of a connection that does nothing by itself.
final class ConnectionEvents: ChannelInboundHandler {
    typealias InboundIn = Never

    weak var handler: ConnectionHandler?
    let loggedIn: EventLoopPromise<Void>
    private let loop: any EventLoop
    private var answers: [UInt64: EventLoopPromise<Bool>] = [:]
    private var end: SSHError?

    init(loop: any EventLoop) {
        self.loop = loop
        self.loggedIn = loop.makePromise()
    }

    func ask(_ request: GlobalRequest.Request) -> EventLoopFuture<Bool> {
        let asked = self.handler?.perform { try $0.sendGlobalRequest(request, wantReply: true) }
        guard case .some(.some(let number)) = asked else {
            return self.loop.makeFailedFuture(self.end ?? SSHError(.misuse, "the connection has ended"))
        }
        let answer = self.loop.makePromise(of: Bool.self)
        self.answers[number] = answer
        return answer.futureResult
    }
}

extension ConnectionEvents: ConnectionOwner {
    func connectionIdentified(_ connection: ConnectionHandler, peer: String) {}
    func connectionNegotiated(_ connection: ConnectionHandler, _ algorithms: NegotiatedAlgorithms, isFirst: Bool) {}
    func connection(_ connection: ConnectionHandler, banner: ByteBuffer) {}
    func connection(_ connection: ConnectionHandler, authenticate request: AuthenticationRequest) {}
    func connection(_ connection: ConnectionHandler, authenticationFailedFor user: String) {}

    func connection(_ connection: ConnectionHandler, verify hostKey: HostKeyToVerify) {
        connection.perform { try $0.acceptHostKey() }
    }

    func connectionAuthenticated(_ connection: ConnectionHandler) {
        self.loggedIn.succeed()
    }

    func connection(_ connection: ConnectionHandler, request: GlobalRequest.Request, reply: UInt64?) {
        guard let reply else { return }
        connection.perform { try $0.answerGlobalRequest(reply, success: nil) }
    }

    func connection(_ connection: ConnectionHandler, reply: UInt64, success: ByteBuffer?) {
        self.answers.removeValue(forKey: reply)?.succeed(success != nil)
    }

    func connection(_ connection: ConnectionHandler, open channel: ChannelID, _ kind: ChannelOpen.Kind) {
        connection.refuse(channel, .administrativelyProhibited, "nobody is here")
    }

    func connectionEnded(_ connection: ConnectionHandler, _ reason: SSHError) {
        self.end = reason
        self.loggedIn.fail(reason)
        for answer in self.answers.values { answer.fail(reason) }
        self.answers = [:]
    }
}
