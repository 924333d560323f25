import SSHConfiguration
import SSHSystem

/// What counts as one source where the relay is fair between clients: an IPv4 address, or the /64 of an IPv6 address, as whoever
/// has one address of a /64 mostly has all of them. A coarser PerSourceNetBlockSize holds here, too.
struct ClientSource: Hashable, Sendable {
    /// The bits that count, left-aligned; at most 64.
    private let prefix: UInt64
    private let isIPv6: Bool

    init(_ address: IPAddress, _ blockSize: NetBlockSize) {
        self.isIPv6 = address.bitCount != 32
        let bits = self.isIPv6 ? min(blockSize.ipv6, 64) : min(blockSize.ipv4, 32)
        var prefix: UInt64 = 0
        for index in 0..<8 {
            prefix = prefix << 8 | UInt64(index < address.bytes.count ? address.bytes[index] : 0)
        }
        self.prefix = bits > 0 ? prefix & ~(UInt64.max >> UInt64(bits)) : 0
    }

    /// What has no address, such as a pipe, is a source of its own.
    init(_ address: String, _ blockSize: NetBlockSize) {
        self.init(IPAddress(address)?.normalized ?? IPAddress(ipv4: 0), blockSize)
    }
}

extension NetBlockSize {
    /// What counts as one source with this address.
    func block(of address: IPAddress) -> IPAddress {
        address.masked(to: address.bitCount == 32 ? self.ipv4 : self.ipv6)
    }
}

extension FairThreads.Asker {
    /// - Parameter address: a client's; those of one IPv6 network are one source.
    convenience init(address: String) {
        let blocks = NetBlockSize(ipv4: 32, ipv6: 64)
        self.init(source: IPAddress(address).map { blocks.block(of: $0.normalized).text })
    }
}
