import NIOCore
import Testing

@testable import SSHForwarding

struct RateBucketTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func aSilentTakerMayTakeItsBurstAtOnce() {
        var bucket = RateBucket(RateLimit(bytesPerSecond: 100_000, burst: 5_000), now: Self.start)
        let first = bucket.take(5_000, now: Self.start)
        let second = bucket.take(10_000, now: Self.start)
        #expect(first == Self.start && second == Self.start + .milliseconds(100))
    }

    @Test func whatIsGivenBackIsFreeAgain() {
        var bucket = RateBucket(RateLimit(bytesPerSecond: 100_000, burst: 1_000), now: Self.start)
        _ = bucket.take(1_000, now: Self.start)
        _ = bucket.take(50_000, now: Self.start)
        bucket.giveBack(50_000)
        let leaves = bucket.take(10_000, now: Self.start)
        #expect(leaves == Self.start + .milliseconds(100))
    }

    @Test func aBucketIsFullAgainWhenTimeHasPaid() {
        var bucket = RateBucket(RateLimit(bytesPerSecond: 1_024, burst: 1_024), now: Self.start)
        _ = bucket.take(1_024, now: Self.start)
        let before = bucket.isFull(now: Self.start + .milliseconds(999))
        let after = bucket.isFull(now: Self.start + .milliseconds(1_001))
        #expect(!before && after)
    }

    @Test func aClockThatIsBehindChangesNothing() {
        var bucket = RateBucket(RateLimit(bytesPerSecond: 100_000, burst: 1_000), now: Self.start)
        _ = bucket.take(11_000, now: Self.start)
        let leaves = bucket.take(0, now: Self.start - .milliseconds(500))
        let isFull = bucket.isFull(now: Self.start)
        #expect(leaves > Self.start - .milliseconds(500) && !isFull)
    }

    /// What takers who always have more get in ten seconds, each taking its next piece when the last has left. The first
    /// half second is not counted: whoever comes first has the burst.
    private static func share(_ limit: RateLimit, takers: Int, startingAt starts: [TimeAmount] = []) -> [Int] {
        var bucket = RateBucket(limit, now: Self.start)
        var next = (0..<takers).map { Self.start + ($0 < starts.count ? starts[$0] : .zero) }
        var sums = [Int](repeating: 0, count: takers)
        let (begin, end) = (Self.start + .milliseconds(500), Self.start + .milliseconds(10_500))
        while let taker = next.indices.min(by: { next[$0] < next[$1] }), next[taker] < end {
            let now = next[taker]
            let count = bucket.piece(now: now)
            next[taker] = bucket.take(count, now: now)
            if next[taker] >= begin, next[taker] <= end { sums[taker] += count }
        }
        return sums
    }

    @Test(arguments: [1, 2, 10, 100], [UInt64(20_000), 1_000_000, 100_000_000])
    func takersComeToTheRateTogetherAndToEqualShares(_ takers: Int, _ rate: UInt64) {
        let limit = RateLimit(bytesPerSecond: rate)
        let sums = Self.share(limit, takers: takers)
        let total = Double(sums.reduce(0, +))
        let expected = Double(rate) * 10
        #expect(total <= expected * 1.02)
        // What was promised and has not left when the time is over is missing: a piece of each.
        #expect(total >= expected * 0.97 - Double(takers) * RateBucket.smallestPiece)
        let fair = total / Double(takers)
        for sum in sums { #expect(Double(sum) >= fair * 0.8 - 1024 && Double(sum) <= fair * 1.25 + 1024) }
    }

    @Test func aLatecomerComesToAnEqualShareOfTheRest() {
        let sums = Self.share(
            RateLimit(bytesPerSecond: 1_000_000),
            takers: 2,
            startingAt: [.zero, .milliseconds(5_500)]
        )
        #expect(Double(sums[1]) > 2_500_000 * 0.9 && Double(sums[1]) < 2_500_000 * 1.1)
    }

    @Test func aNewcomerWaitsLessThanATenthOfASecondBesideFullUse() {
        var bucket = RateBucket(RateLimit(bytesPerSecond: 100_000), now: Self.start)
        for _ in 0..<8 { _ = bucket.take(bucket.piece(now: Self.start), now: Self.start) }
        let leaves = bucket.take(64, now: Self.start)
        #expect(leaves < Self.start + .milliseconds(100))
    }
}
