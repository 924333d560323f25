import Glibc
import NIOCore
public import NIOPosix

/// Congestion control of TCP within this machine.
///
/// Where BBR is the system's default, as it is on many proxies, it spaces out what is sent within the machine too, with a timer for
/// each piece: that took half of the CPU time of a busy tunnel. There is nothing that could be congested, so such sockets have
/// Reno, which every kernel has.
public enum LoopbackCongestion {
    private static let option = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: TCP_CONGESTION))

    /// The option's value; nil where the system's default leaves such sockets alone.
    private static let value = Self.value(inPlaceOf: Self.systemDefault()).flatMap { Self.isPermitted($0) ? $0 : nil }

    /// - Parameter name: as in net.ipv4.tcp_congestion_control.
    static func value(inPlaceOf name: String) -> Int? {
        // The name's bytes as they lie in memory, with zeros behind them.
        name.hasPrefix("bbr") ? Int(littleEndian: "reno".utf8.reversed().reduce(0) { $0 << 8 | Int($1) }) : nil
    }

    /// For sockets that listen on an address of this machine alone.
    ///
    /// - Parameter host: an address, or localhost. Others are left as they are.
    public static func set(on bootstrap: ServerBootstrap, host: String) -> ServerBootstrap {
        self.set(self.value, on: bootstrap, host: host)
    }

    /// For sockets that connect to an address of this machine alone.
    public static func set(on bootstrap: ClientBootstrap, host: String) -> ClientBootstrap {
        guard let value = self.value, self.isLocal(host) else { return bootstrap }
        return bootstrap.channelOption(self.option, value: value)
    }

    static func set(_ value: Int?, on bootstrap: ServerBootstrap, host: String) -> ServerBootstrap {
        guard let value, self.isLocal(host) else { return bootstrap }
        // On Linux, an accepted socket has it from the one that listens.
        return bootstrap.serverChannelOption(self.option, value: value)
    }

    /// Before the socket is connected.
    static func set(on descriptor: CInt) {
        if let value = self.value { _ = self.set(value, on: descriptor) }
    }

    /// - Returns: false if this process may not.
    static func set(_ value: Int, on descriptor: CInt) -> Bool {
        var value = value
        return setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_CONGESTION, &value, socklen_t(MemoryLayout<Int>.size)) == 0
    }

    /// A system can keep programs to its own choice.
    private static func isPermitted(_ value: Int) -> Bool {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return self.set(value, on: descriptor)
    }

    /// Whether an address, or a name that needs no asking, is this machine's alone.
    static func isLocal(_ host: String) -> Bool {
        guard host.hasPrefix("127.") || host == "::1" || host == "localhost" else { return false }
        return host == "localhost" || (try? SocketAddress(ipAddress: host, port: 0)) != nil
    }

    private static func systemDefault() -> String {
        let file = open("/proc/sys/net/ipv4/tcp_congestion_control", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
}
