import NIOCore
import SSHProtocol

/// How much of a tunnel's socket is read at a time. That much waits in memory when the channel cannot take it, so whatever goes
/// beyond little comes out of the connection's share.
struct TunnelReads {
    enum Size: Int {
        /// Counted with the channel.
        case quiet
        case busy
        /// The larger the pieces, the fewer the calls and wake-ups.
        case large

        var bytes: Int {
            switch self {
            case .quiet: 16 * 1024
            case .busy: 256 * 1024
            case .large: 1024 * 1024
            }
        }
    }

    /// So many small reads in a row say that a socket has become quiet.
    private static let quietReads = 64
    /// A socket that is idle for so long is quiet, too.
    static let idleTime = TimeAmount.seconds(10)

    private(set) var size = Size.quiet
    private var reservation: ResourceReservation?
    private var smallReads = 0

    /// - Parameters:
    ///   - count: what came with one read.
    ///   - allowsLarge: no beside a conversation: what is read at a time is sealed at a time, and the conversation waits for it.
    /// - Returns: what is to be read at a time from now on, if that is news.
    mutating func read(_ count: Int, allowsLarge: @autoclosure () -> Bool, share: ResourceShare) -> Size? {
        switch self.size {
        case .quiet:
            return count >= self.size.bytes ? self.grow(to: .busy, share) : nil
        case .busy where count >= self.size.bytes:
            self.smallReads = 0
            return allowsLarge() ? self.grow(to: .large, share) : nil
        case .large where count >= Size.busy.bytes:
            self.smallReads = 0
            return allowsLarge() ? nil : self.shrink(to: .busy, share)
        case .busy, .large:
            self.smallReads = count < Size.quiet.bytes / 2 ? self.smallReads + 1 : 0
            return self.smallReads >= Self.quietReads ? self.shrink(to: .quiet, share) : nil
        }
    }

    /// Nothing has come for a while.
    mutating func idle(share: ResourceShare) -> Size? {
        self.size == .quiet ? nil : self.shrink(to: .quiet, share)
    }

    /// - Returns: nil if the share has no room for it: then all stays as it is.
    private mutating func grow(to size: Size, _ share: ResourceShare) -> Size? {
        guard let reservation = share.reserve(size.bytes - Size.quiet.bytes, for: .growth) else { return nil }
        self.reservation = reservation
        return self.change(to: size)
    }

    private mutating func shrink(to size: Size, _ share: ResourceShare) -> Size? {
        self.reservation = nil
        if size != .quiet { self.reservation = share.hold(size.bytes - Size.quiet.bytes) }
        return self.change(to: size)
    }

    private mutating func change(to size: Size) -> Size {
        self.smallReads = 0
        self.size = size
        return size
    }
}
