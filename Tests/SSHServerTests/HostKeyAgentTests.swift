import Foundation
import Logging
import NIOCore
import NIOPosix
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHTestFixtures
import SSHWire
import Testing

@testable import SSHServer

/// Host keys that stock ssh-agent holds.
struct HostKeyAgentTests {
    private let folder = TemporaryFolder()
    private let agent: StockAgent

    init() throws {
        self.agent = try #require(StockAgent(at: "\(self.folder.path)/agent"))
        for (name, type) in [("host", ["ed25519"]), ("rsa", ["rsa", "-b", "2048"]), ("locked", ["ecdsa"])] {
            let passphrase = name == "locked" ? "secret" : ""
            StockAgent.run("ssh-keygen", ["-q", "-N", passphrase, "-f", "\(self.folder.path)/\(name)", "-t"] + type)
        }
        for name in ["host", "rsa"] { #expect(self.agent.add("\(self.folder.path)/\(name)")) }
    }

    private func configuration(_ lines: String) throws -> ServerConfiguration {
        try ServerConfiguration.parsing(lines.replacing("DIR", with: self.folder.path))
    }

    private func load(_ lines: String) throws -> HostKeys {
        HostKeys(try self.configuration(lines), now: 1_700_000_000)
    }

    private func remove(_ name: String) {
        unlink("\(self.folder.path)/\(name)")
    }

    private static func isInMemory(_ keys: HostKeys) -> [Bool] { keys.keys.map { $0 is any SigningKey } }

    @Test func aPublicKeyFileIsAKeyThatTheAgentSignsWith() throws {
        let keys = try self.load("HostKey DIR/host.pub\nHostKeyAgent DIR/agent")
        #expect(keys.problems == [])
        #expect(keys.keys.map(\.publicKey.type) == ["ssh-ed25519"])
        #expect(Self.isInMemory(keys) == [false] && keys.agentPath == self.agent.path)
    }

    @Test func aPrivateKeyThatIsNotThereIsTheAgents() throws {
        self.remove("rsa")
        let keys = try self.load("HostKey DIR/host\nHostKey DIR/rsa\nHostKeyAgent DIR/agent")
        #expect(keys.problems == [])
        #expect(Self.isInMemory(keys) == [true, false])
    }

    /// As in sshd: what is wrong with the file is said, and the agent is relied on.
    @Test func aPrivateKeyThatCannotBeReadIsTheAgents() throws {
        self.remove("locked.pub")
        let keys = try self.load("HostKey DIR/locked\nHostKeyAgent DIR/agent")
        #expect(Self.isInMemory(keys) == [false])
        #expect(keys.problems.count == 2)
        #expect(keys.problems.first?.contains("passphrase") == true)
        #expect(keys.problems.last?.contains("does not have it") == true)
    }

    @Test func withoutAnAgentAPublicKeyIsNoHostKey() throws {
        for lines in ["", "HostKeyAgent none", "HostKeyAgent DIR/nobody", "HostKeyAgent DIR/host"] {
            let keys = try self.load("HostKey DIR/host.pub\n\(lines)")
            #expect(keys.keys.isEmpty && keys.agentPath == nil)
            #expect(keys.problems.contains { $0.hasPrefix("Unable to load host key: ") })
            let isUnreachable = keys.problems.contains { $0.hasPrefix("Could not connect to agent \"") }
            #expect(isUnreachable == lines.contains("DIR"))
            #expect(throws: SSHError.self) {
                try RelayRules(configuration: try self.configuration("HostKey DIR/host.pub\n\(lines)"), logger: .silent)
            }
        }
    }

    @Test func aKeyThatTheAgentDoesNotHaveIsAProblemAndIsReliedOn() throws {
        self.agent.removeAll()
        let keys = try self.load("HostKey DIR/host.pub\nHostKeyAgent DIR/agent")
        #expect(Self.isInMemory(keys) == [false])
        let problem = try #require(keys.problems.first)
        #expect(problem.contains("host.pub (ED25519 SHA256:") && problem.contains("does not have it"))
    }

    @Test func aFileThatHoldsNoKeyAtAllIsNoKeyOfTheAgents() throws {
        self.folder.write("empty", "")
        self.folder.write("nonsense.pub", "ssh-ed25519 AAAA")
        for name in ["empty", "nonsense", "missing", "nonsense.pub"] {
            let keys = try self.load("HostKey DIR/\(name)\nHostKeyAgent DIR/agent")
            #expect(keys.keys.isEmpty)
            #expect(keys.problems.count == 1 && keys.problems[0].contains(name))
        }
    }

    @Test func anRSAKeyNeedsItsBitsInAnAgentToo() throws {
        let keys = try self.load("HostKey DIR/rsa.pub\nHostKeyAgent DIR/agent\nRequiredRSASize 3072")
        #expect(keys.keys.isEmpty)
        #expect(keys.problems.count == 1)
    }

    @Test func aCertificateOfAKeyInTheAgentIsTaken() throws {
        StockAgent.run("ssh-keygen", ["-q", "-N", "", "-t", "ed25519", "-f", "\(self.folder.path)/authority"])
        StockAgent.run(
            "ssh-keygen",
            ["-q", "-s", "\(self.folder.path)/authority", "-I", "x", "-h", "-n", "a", "\(self.folder.path)/host.pub"]
        )
        let keys = try self.load("HostKey DIR/host.pub\nHostKeyAgent DIR/agent\nHostCertificate DIR/host-cert.pub")
        #expect(keys.problems == [] && keys.certificates.map(\.principals) == [["a"]])
    }

    // MARK: Signing

    private func sign(_ agents: HostKeyAgents, _ request: SignatureRequest) async throws -> [UInt8] {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return try await loop.flatSubmit {
            agents.sign(request, on: loop, isUrgent: false) { true }
        }.get()
    }

    /// What an engine with these keys wants to have signed.
    private func request(_ rules: RelayRules) throws -> SignatureRequest {
        var client = try Engine(configuration: EngineConfiguration(role: .client), random: SystemRandom(), now: .now())
        var server = try Engine(configuration: rules.engine, random: SystemRandom(), now: .now())
        for _ in 0..<10 {
            server.receive(try client.takeOutput(limit: 1 << 16, now: .now()), now: .now())
            while let event = try server.nextEvent(now: .now()) {
                if case .signatureWanted(let request) = event { return request }
            }
            client.receive(try server.takeOutput(limit: 1 << 16, now: .now()), now: .now())
            while try client.nextEvent(now: .now()) != nil {}
        }
        throw SSHError(.misuse, "no signature is wanted")
    }

    @Test func theAgentSignsWithTheAlgorithmThatWasAgreedOn() async throws {
        for (name, algorithm) in [("host", "ssh-ed25519"), ("rsa", "rsa-sha2-256"), ("rsa", "rsa-sha2-512")] {
            let lines = "HostKey DIR/\(name).pub\nHostKeyAgent DIR/agent\nHostKeyAlgorithms \(algorithm)"
            let rules = try RelayRules(configuration: try self.configuration(lines), logger: .silent)
            let request = try self.request(rules)
            let signature = try await self.sign(HostKeyAgents(rules.hostKeys, agent: rules.hostKeyAgent), request)
            try request.key.verify(signature: signature, over: request.bytes, algorithm: algorithm)
        }
    }

    /// A connection keeps its key, and a reload says where it is now.
    @Test func whoSignsIsWhoeverHasTheKeyNow() async throws {
        let first = try RelayRules(
            configuration: try self.configuration("HostKey DIR/host.pub\nHostKeyAgent DIR/agent"),
            logger: .silent
        )
        let (request, agents) = (try self.request(first), HostKeyAgents(first.hostKeys, agent: first.hostKeyAgent))
        // Another key alone: the agent still signs for connections that began with the old one.
        let second = try RelayRules(configuration: try self.configuration("HostKey DIR/rsa"), logger: .silent)
        agents.follow(second.hostKeys, agent: second.hostKeyAgent)
        _ = try await self.sign(agents, request)
        // The agent has it no longer, and a file has.
        self.agent.removeAll()
        let error = await #expect(throws: SSHError.self) { try await self.sign(agents, request) }
        #expect(error?.reason.hasPrefix("agent \(self.agent.path): the agent refused") == true)
        let third = try RelayRules(configuration: try self.configuration("HostKey DIR/host"), logger: .silent)
        agents.follow(third.hostKeys, agent: third.hostKeyAgent)
        let signature = try await self.sign(agents, request)
        try request.key.verify(signature: signature, over: request.bytes, algorithm: "ssh-ed25519")
    }
}

extension Logger {
    fileprivate static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
