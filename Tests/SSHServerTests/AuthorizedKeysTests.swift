import Testing

@testable import SSHServer

struct AuthorizedKeysTests {
    private static func match(
        _ text: String,
        at now: UInt64 = 1_700_000_000,
        from address: String = "192.0.2.7"
    ) -> (line: Int?, reasons: [AuthorizedKeysProblem]) {
        switch AuthorizedKeys(files: [KeyFixture.file(text)]).match(blob: KeyFixture.blob, at: now, from: address) {
        case .accepted(let key): (key.line, [])
        case .refused(let reasons): (nil, reasons)
        }
    }

    @Test func theFirstUsableLineWithTheKeyCounts() {
        let other = "\(KeyFixture.type) \(KeyFixture.otherEncoded)\n"
        #expect(Self.match(other + KeyFixture.line() + KeyFixture.line("restrict")).line == 2)
        #expect(Self.match(KeyFixture.line("unknown") + KeyFixture.line("restrict")).line == 2)
        #expect(Self.match(KeyFixture.line("from=\"10.0.0.1\"") + KeyFixture.line("restrict")).line == 2)
        #expect(Self.match(other).line == nil)
        #expect(Self.match(other).reasons == [])
    }

    @Test func fromLimitsTheAddress() {
        let text = KeyFixture.line("from=\"192.0.2.0/24,!192.0.2.9\"")
        #expect(Self.match(text).line == 1)
        #expect(Self.match(text, from: "192.0.2.9").line == nil)
        #expect(Self.match(text, from: "::ffff:192.0.2.8").line == 1)
        #expect(Self.match(text, from: "10.0.0.1").reasons.map(\.line) == [1])
        #expect(Self.match(KeyFixture.line("from=\"!10.0.0.1\"")).line == nil)
    }

    @Test func aKeyIsGoodUntilItsExpiryTimeHasPassed() {
        let text = KeyFixture.line("expiry-time=\"20300101Z\"")
        #expect(Self.match(text, at: 1_893_456_000).line == 1)
        #expect(Self.match(text, at: 1_893_456_001).line == nil)
        #expect(Self.match(text, at: 1_893_456_001).reasons.first?.reason.contains("expiry-time") == true)
    }

    @Test func aCertificateAuthorityNeverAcceptsThePlainKey() {
        let match = Self.match(KeyFixture.line("cert-authority,permitlisten=\"8080\""))
        #expect(match.line == nil)
        #expect(match.reasons.map(\.reason) == ["a cert-authority line accepts certificates, not the key itself"])
    }

    @Test func aRefusedKeyIsToldEveryReasonInTheOrderOfTheLines() {
        let match = Self.match(["from=\"10.0.0.1\"", "unknown", "cert-authority"].map { KeyFixture.line($0) }.joined())
        #expect(match.reasons.map(\.line) == [1, 2, 3])
    }
}
