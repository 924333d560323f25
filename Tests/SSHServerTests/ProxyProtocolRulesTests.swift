import Testing

@testable import SSHServer

/// ProxyProtocolListen and ProxyProtocolOpen.
struct ProxyProtocolRulesTests {
    private static func policy(_ text: String, user: String = "alice") throws -> ForwardingPolicy {
        let configuration = try ServerConfiguration.parsing(text)
        let key = try KeyFixture.key("")
        return ForwardingPolicy(settings: configuration.settings(for: .from(user)), key: key)
    }

    @Test func withoutARuleNoTunnelBeginsWithAHeader() throws {
        let policy = try Self.policy("")
        #expect(!policy.announcesCaller(host: "localhost", port: 8080))
        #expect(!policy.announcesClient(host: "web", port: 80))
    }

    @Test func listenersMatchAsInPermitListen() throws {
        let policy = try Self.policy("ProxyProtocolListen 8080 local*:9")
        #expect(policy.announcesCaller(host: "", port: 8080))
        #expect(policy.announcesCaller(host: "LocalHost", port: 9))
        #expect(!policy.announcesCaller(host: "other", port: 9))
        #expect(try Self.policy("ProxyProtocolListen any").announcesCaller(host: "x", port: 1))
    }

    @Test func targetsMatchAsInPermitOpen() throws {
        let policy = try Self.policy("ProxyProtocolOpen web:80 *:81")
        #expect(policy.announcesClient(host: "web", port: 80))
        #expect(!policy.announcesClient(host: "WEB", port: 80))
        #expect(policy.announcesClient(host: "any", port: 81))
    }

    @Test func oneAccountMayHaveThemAlone() throws {
        let text = "Match User bob\nProxyProtocolListen any\nProxyProtocolOpen any"
        #expect(!(try Self.policy(text).announcesCaller(host: "x", port: 1)))
        #expect(try Self.policy(text, user: "bob").announcesCaller(host: "x", port: 1))
        #expect(try Self.policy(text, user: "bob").announcesClient(host: "x", port: 1))
    }
}
