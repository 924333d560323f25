import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

struct VersionAddendumTests {
    private static func heard(_ addendum: String) throws -> String? {
        let pair = try EnginePair(server: { $0.versionAddendum = addendum })
        try pair.logIn()
        return pair.clientEvents.compactMap { if case .identification(let line) = $0 { line } else { nil } }.first
    }

    @Test func theAddendumFollowsTheVersion() throws {
        #expect(try Self.heard("") == "SSH-2.0-SwiftRelay_0.1")
        #expect(try Self.heard("of example.org") == "SSH-2.0-SwiftRelay_0.1 of example.org")
    }

    @Test func theLineMayHave255BytesAndNoMore() throws {
        let limit = EngineConfiguration(role: .server).versionAddendumLimit
        let line = try #require(try Self.heard(String(repeating: "x", count: limit)))
        #expect(line.utf8.count == 253)
        #expect(throws: SSHError.self) { try Self.heard(String(repeating: "x", count: limit + 1)) }
    }

    @Test(arguments: ["a\nb", "a\rb", "\u{1b}[2J", "ü", "\0"])
    func whatDoesNotPrintIsRefused(addendum: String) {
        #expect(throws: SSHError.self) { try Self.heard(addendum) }
    }
}
