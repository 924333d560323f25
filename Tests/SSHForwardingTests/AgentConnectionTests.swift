import NIOCore
import NIOPosix
import SSHCrypto
import SSHProtocol
import SSHWire
import Testing

@testable import SSHForwarding

/// The connection to an agent, with agents of our own behind it that do as they like.
struct AgentConnectionTests {
    private let folder = SocketFolder()
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    private var path: String { self.folder.path("agent") }

    private func connection(answerTime: TimeAmount = .seconds(30)) async throws -> NIOLoopBound<AgentConnection> {
        try await self.loop.submit { [loop, path] in
            NIOLoopBound(AgentConnection(path: path, on: loop, answerTime: answerTime), eventLoop: loop)
        }.get()
    }

    private func identities(_ connection: NIOLoopBound<AgentConnection>) async -> Result<[AgentIdentity], SSHError> {
        do {
            return .success(try await self.loop.flatSubmit { connection.value.identities() }.get())
        } catch {
            return .failure(error as? SSHError ?? SSHError(.system, "\(error)"))
        }
    }

    private static func code(_ result: Result<[AgentIdentity], SSHError>) -> SSHError.Code? {
        if case .failure(let error) = result { error.code } else { nil }
    }

    private static let none = ByteBuffer(bytes: [0, 0, 0, 5, 12, 0, 0, 0, 0])

    @Test func whatTheAgentAnswersIsHeard() async throws {
        let agent = try await ScriptedAgent.listen(self.path, on: self.loop) { _, _ in .answer(Self.none) }
        let connection = try await self.connection()
        for _ in 0..<3 { #expect(try await self.identities(connection).get() == []) }
        #expect(agent.connectionCount == 1)
        try await agent.stop()
    }

    @Test func withoutAnAgentTheSystemsReasonIsTold() async throws {
        let connection = try await self.connection()
        guard case .failure(let error) = await self.identities(connection) else {
            Issue.record("there is no agent")
            return
        }
        #expect(error.code == .agentUnreachable && error.reason == "No such file or directory")
    }

    @Test func anAgentThatComesBackIsFound() async throws {
        let connection = try await self.connection()
        #expect(Self.code(await self.identities(connection)) == .agentUnreachable)
        for _ in 0..<2 {
            let agent = try await ScriptedAgent.listen(self.path, on: self.loop) { _, _ in .answer(Self.none) }
            #expect(Self.code(await self.identities(connection)) == nil)
            try await agent.stop()
            #expect(Self.code(await self.identities(connection)) == .agentUnreachable)
        }
    }

    @Test func aConnectionThatWasLostIsMadeAnewOnce() async throws {
        let agent = try await ScriptedAgent.listen(self.path, on: self.loop) { number, _ in
            number == 1 ? .close : .answer(Self.none)
        }
        let connection = try await self.connection()
        #expect(Self.code(await self.identities(connection)) == nil)
        #expect(agent.connectionCount == 2)
        try await agent.stop()
    }

    @Test func anAgentThatHangsUpAgainAndAgainIsNotAskedForEver() async throws {
        let agent = try await ScriptedAgent.listen(self.path, on: self.loop) { _, _ in .close }
        let connection = try await self.connection()
        #expect(Self.code(await self.identities(connection)) == .agentFailed)
        #expect(agent.connectionCount == 2)
        try await agent.stop()
    }

    @Test func anAgentThatSaysNothingIsNotWaitedForForEver() async throws {
        let agent = try await ScriptedAgent.listen(self.path, on: self.loop) { _, _ in .nothing }
        let connection = try await self.connection(answerTime: .milliseconds(1))
        #expect(Self.code(await self.identities(connection)) == .agentFailed)
        try await agent.stop()
    }

    @Test(arguments: ["rsa-sha2-256", "rsa-sha2-512"])
    func signaturesAreAskedForWithTheirHash(_ algorithm: String) async throws {
        let key = try PrivateKey.generate(.rsa(bits: 2048), random: SystemRandom())
        let request = try #require(try Self.request(by: key.publicKey, algorithm: algorithm))
        let agent = try await ScriptedAgent.listen(self.path, on: self.loop) { _, question in
            (try? Self.sign(question, with: key)).map { .answer($0) } ?? .close
        }
        let connection = try await self.connection()
        let signature = try await self.loop.flatSubmit { connection.value.signature(for: request) }.get()
        try key.publicKey.verify(signature: signature, over: request.bytes, algorithm: algorithm)
        try await agent.stop()
    }

    /// What a server's engine asks for.
    private static func request(by key: PublicKey, algorithm: String) throws -> SignatureRequest? {
        let connections = try EmbeddedConnections(hostKey: ExternalKey(key)) {
            $0.algorithms.hostKey = [algorithm]
        }
        connections.run()
        return connections.serverOwner.takeRequest { _ in SSHError(.misuse, "not signed here") }
    }

    /// As ssh-agent does it.
    private static func sign(_ request: ByteBuffer, with key: PrivateKey) throws -> ByteBuffer {
        var reader = WireReader(request)
        guard try reader.readByte() == 13, try reader.readBytesString() == key.publicKey.blob else {
            throw SSHError(.misuse, "another request")
        }
        let data = try reader.readBytesString()
        let algorithm = try reader.readUInt32() == 4 ? "rsa-sha2-512" : "rsa-sha2-256"
        try reader.expectEnd()
        var answer = WireWriter()
        answer.writeByte(14)
        answer.writeString(try key.sign(data, algorithm: algorithm))
        var framed = WireWriter()
        framed.writeString(answer.buffer)
        return framed.buffer
    }
}
