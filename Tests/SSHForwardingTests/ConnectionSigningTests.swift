import NIOCore
import SSHCrypto
import SSHProtocol
import SSHWire
import Testing

@testable import SSHForwarding

/// Connections whose owners have others sign.
struct ConnectionSigningTests {
    private let hostKey: Ed25519PrivateKey
    private let userKey: Ed25519PrivateKey
    private let connections: EmbeddedConnections

    init() throws {
        self.hostKey = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 1))
        self.userKey = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 2))
        self.connections = try EmbeddedConnections(
            hostKey: ExternalKey(self.hostKey.publicKey),
            identities: [ExternalKey(self.userKey.publicKey)]
        )
    }

    @Test func bothSidesGoOnWhenTheirOwnersHaveSigned() throws {
        self.connections.run()
        #expect(self.connections.server.isAwaitingSignature)
        try self.connections.serverOwner.sign(with: self.hostKey)
        self.connections.run()
        #expect(!self.connections.server.isAwaitingSignature && self.connections.client.isAwaitingSignature)
        try self.connections.clientOwner.sign(with: self.userKey)
        self.connections.run()
        #expect(self.connections.clientOwner.isAuthenticated && self.connections.serverOwner.isAuthenticated)
        self.connections.close()
    }

    @Test func anOwnersErrorIsTheReasonOfTheEnd() {
        self.connections.run()
        self.connections.serverOwner.takeRequest { _ in SSHError(.agentFailed, "the token is not there") }
        self.connections.run()
        let end = self.connections.serverOwner.end
        #expect(end?.code == .signatureUnavailable && end?.reason.hasSuffix(": the token is not there") == true)
        #expect(self.connections.clientOwner.end?.reason.contains("token") == false)
        self.connections.close()
    }

    @Test func anAnswerAfterTheEndCountsForNothing() throws {
        self.connections.run()
        self.connections.close()
        let end = self.connections.serverOwner.end
        #expect(end?.code == .connectionClosed)
        try self.connections.serverOwner.sign(with: self.hostKey)
        self.connections.run()
        #expect(self.connections.serverOwner.end?.reason == end?.reason)
    }
}
