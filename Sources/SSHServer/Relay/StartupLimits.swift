import Synchronization

/// Counts connections that have not logged in yet, and drops new ones as MaxStartups and PerSourceMaxStartups say.
final class StartupLimits: Sendable {
    private struct Counts {
        var total = 0
        var bySource: [IPAddress: Int] = [:]
    }

    private let maximum: MaxStartups
    private let maximumPerSource: Int?
    private let blockSize: NetBlockSize
    private let counts = Mutex(Counts())

    init(_ configuration: ServerConfiguration) {
        self.maximum = configuration.maxStartups
        self.maximumPerSource = configuration.perSourceMaxStartups
        self.blockSize = configuration.perSourceNetBlockSize
    }

    /// - Parameter chance: a number from 0 to 99, drawn for this connection.
    /// - Returns: false if the connection is to be dropped; otherwise `end` must follow once.
    func begin(_ address: String, chance: Int) -> Bool {
        let block = self.block(of: address)
        return self.counts.withLock { counts in
            guard !self.dropsByChance(counts.total, chance) else { return false }
            if let block, let limit = self.maximumPerSource {
                guard counts.bySource[block, default: 0] < limit else { return false }
                counts.bySource[block, default: 0] += 1
            }
            counts.total += 1
            return true
        }
    }

    func end(_ address: String) {
        let block = self.block(of: address)
        self.counts.withLock { counts in
            counts.total -= 1
            guard let block, let count = counts.bySource[block] else { return }
            counts.bySource[block] = count > 1 ? count - 1 : nil
        }
    }

    private func block(of address: String) -> IPAddress? {
        guard let address = IPAddress(address)?.normalized else { return nil }
        return address.masked(to: address.bitCount == 32 ? self.blockSize.ipv4 : self.blockSize.ipv6)
    }

    /// From `start` on a share of new connections is dropped that grows from `rate` percent to all at `full`.
    private func dropsByChance(_ total: Int, _ chance: Int) -> Bool {
        guard total >= self.maximum.start else { return false }
        guard total < self.maximum.full else { return true }
        let span = self.maximum.full - self.maximum.start
        let percent = self.maximum.rate + (100 - self.maximum.rate) * (total - self.maximum.start) / max(span, 1)
        return chance < percent
    }
}
