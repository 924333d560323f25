import NIOCore
import SSHForwarding
import Testing

@testable import SSHServer

struct RateLimiterRegistryTests {
    private static let limit = RateLimit(bytesPerSecond: 10_000)

    @Test func connectionsOfOneHolderShareOneLimiter() {
        let registry = RateLimiterRegistry()
        let first = registry.limiter(Self.limit, for: .account("device"), now: .now())
        #expect(first === registry.limiter(Self.limit, for: .account("device"), now: .now()))
        #expect(first !== registry.limiter(Self.limit, for: .account("other"), now: .now()))
        #expect(first !== registry.limiter(Self.limit, for: .key("device"), now: .now()))
        #expect(first !== registry.limiter(RateLimit(bytesPerSecond: 2_000), for: .account("device"), now: .now()))
    }

    @Test func limitersThatNobodyHoldsAreForgotten() {
        let registry = RateLimiterRegistry()
        let kept = registry.limiter(Self.limit, for: .account("kept"), now: .now())
        for number in 0..<1_000 { _ = registry.limiter(Self.limit, for: .account("\(number)"), now: .now()) }
        #expect(registry.count < 200)
        #expect(kept === registry.limiter(Self.limit, for: .account("kept"), now: .now()))
    }
}
