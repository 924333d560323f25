import NIOCore
import SSHCrypto
import SSHProtocol
import SSHTestFixtures
import SSHWire
import Testing

@testable import SSHClient

/// That a connection asks the rules, and does what they say.
struct ClientConnectionTests {
    private static let known = "HOST \(ClientBench.hostKey.publicKey.openSSHText)"
    private static let changed = "HOST \(ClientBench.otherHostKey.publicKey.openSSHText)"
    private static let revokedKeys = ["revoked": "\(ClientBench.hostKey.publicKey.openSSHText)\n"]
    private static let listener = ForwardAddress(host: "localhost", port: 8080)

    @Test func aKnownHostIsLoggedInToAndAskedForItsListeners() throws {
        let bench = try ClientBench(knownHosts: Self.known, options: "RemoteForward 8080 localhost:80")
        #expect(bench.connection.stage == .loggedIn && bench.loginFailure == nil)
        bench.startForwards()
        #expect(bench.requestedListeners == [Self.listener])
    }

    /// Somebody may be listening in.
    @Test func behindAChangedKeyNothingIsForwarded() throws {
        let bench = try ClientBench(
            knownHosts: Self.changed,
            options: "StrictHostKeyChecking no",
            "RemoteForward 8080 localhost:80"
        )
        #expect(bench.connection.stage == .loggedIn)
        bench.startForwards()
        #expect(bench.requestedListeners == [])
        #expect(!bench.connection.mayForward)
    }

    @Test(arguments: ["StrictHostKeyChecking yes", "StrictHostKeyChecking accept-new", "ExitOnForwardFailure yes"])
    func aChangedKeyEndsTheConnectionBeforeAnythingIsSaidOfTheUser(option: String) throws {
        let checking = option.hasPrefix("Strict") ? option : "StrictHostKeyChecking no"
        let bench = try ClientBench(knownHosts: Self.changed, options: checking, option)
        #expect(bench.loginFailure?.code == .hostKeyRejected)
        #expect(!bench.serverEvents.contains { if case .authenticationRequest = $0 { true } else { false } })
    }

    /// Whether the host is known, has another key or is unknown: RevokedHostKeys goes before StrictHostKeyChecking.
    @Test(arguments: [known, changed, ""])
    func aRevokedKeyIsRefusedWithoutCheckingToo(knownHosts: String) throws {
        let bench = try ClientBench(
            knownHosts: knownHosts,
            files: Self.revokedKeys,
            options: "RevokedHostKeys FOLDER/revoked",
            "StrictHostKeyChecking no"
        )
        #expect(bench.loginFailure?.code == .hostKeyRejected)
        #expect(bench.loginFailure?.reason.contains("is revoked by \(bench.folder.path)/revoked") == true)
        #expect(bench.connection.stage != .loggedIn)
    }

    @Test func aKeyThatKnownHostsRevokesIsRefusedWithoutCheckingToo() throws {
        let bench = try ClientBench(knownHosts: "@revoked \(Self.known)", options: "StrictHostKeyChecking no")
        #expect(bench.loginFailure?.code == .hostKeyRejected)
        #expect(bench.connection.stage != .loggedIn)
    }

    // MARK: Certificates

    private static let authority = CertificateMaker.authority.publicKey.openSSHText

    private static func certificate(for host: String = ClientBench.host) throws -> Certificate {
        var maker = CertificateMaker(key: ClientBench.hostKey.publicKey)
        (maker.kind, maker.principals, maker.extensions) = (2, [host], [])
        return try maker.certificate
    }

    @Test func aCertificateOfATrustedAuthorityStandsForTheHost() throws {
        let known = "@cert-authority HOST \(Self.authority)"
        let bench = try ClientBench(knownHosts: known, certificate: try Self.certificate(), options: "BatchMode yes")
        #expect(bench.connection.stage == .loggedIn && bench.loginFailure == nil)
        let other = try ClientBench(
            knownHosts: known,
            certificate: try Self.certificate(for: "other.example"),
            options: "BatchMode yes"
        )
        #expect(other.loginFailure?.code == .hostKeyRejected && other.connection.stage != .loggedIn)
    }

    @Test func aCertificateOfARevokedAuthorityIsRefusedWithoutCheckingToo() throws {
        let bench = try ClientBench(
            knownHosts: "@cert-authority HOST \(Self.authority)\n\(Self.known)",
            files: ["revoked": "\(Self.authority)\n"],
            certificate: try Self.certificate(),
            options: "RevokedHostKeys FOLDER/revoked",
            "StrictHostKeyChecking no"
        )
        #expect(bench.loginFailure?.code == .hostKeyRejected && bench.connection.stage != .loggedIn)
    }

    // MARK: What the server opens

    /// Opens a channel as the server, as if somebody had connected to a listener.
    private static func connection(to listener: ForwardAddress, in bench: ClientBench) throws -> ChannelID? {
        try bench.serve { server in
            try server.openChannel(
                .forwardedTCPIP(
                    TunnelAddresses(
                        host: listener.host,
                        port: listener.port,
                        originatorAddress: "192.0.2.9",
                        originatorPort: 4711
                    )
                )
            )
        }
    }

    private static func isRefused(_ bench: ClientBench) -> Bool {
        bench.serverEvents.contains { if case .channelRefused = $0 { true } else { false } }
    }

    @Test func aChannelOfAListenerThatNobodyAskedForIsRefused() throws {
        let bench = try ClientBench(knownHosts: Self.known, options: "RemoteForward 8080")
        bench.startForwards()
        _ = try Self.connection(to: ForwardAddress(host: "localhost", port: 8081), in: bench)
        #expect(Self.isRefused(bench))
    }

    @Test(arguments: [ChannelOpen.Kind.session, .other(name: "x11", data: ByteBuffer())])
    func channelsThatAServerHasNoUseForAreRefused(kind: ChannelOpen.Kind) throws {
        let bench = try ClientBench(knownHosts: Self.known)
        bench.startForwards()
        _ = try bench.serve { try $0.openChannel(kind) }
        #expect(Self.isRefused(bench))
    }

    /// SOCKS 5: a greeting, and a request for localhost port 80.
    @Test func permitRemoteOpenIsAskedBeforeAnythingIsDialled() throws {
        let bench = try ClientBench(
            knownHosts: Self.known,
            options: "RemoteForward 8080",
            "PermitRemoteOpen localhost:81"
        )
        bench.startForwards()
        let channel = try #require(try Self.connection(to: Self.listener, in: bench))
        bench.serve { $0.send(ByteBuffer(bytes: [5, 1, 0]), on: channel) }
        #expect(bench.received == [5, 0])
        let request = [5, 1, 0, 3, 9] + Array("localhost".utf8) + [0, 80]
        bench.serve { $0.send(ByteBuffer(bytes: request), on: channel) }
        // Not allowed by the rules (RFC 1928 §6).
        #expect(bench.received.dropFirst(2).prefix(2) == [5, 2])
        #expect(bench.serverEvents.contains { if case .channelCloseReceived = $0 { true } else { false } })
    }
}
