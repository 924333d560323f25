import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import SSHForwarding

struct LoopbackCongestionTests {
    /// What a socket says of itself: the first eight bytes of the name, as a number.
    private static let option = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: TCP_CONGESTION))

    private static func congestion(of descriptor: CInt) -> String {
        var name = [UInt8](repeating: 0, count: 16)
        var length = socklen_t(name.count)
        getsockopt(descriptor, CInt(IPPROTO_TCP), TCP_CONGESTION, &name, &length)
        return String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func name(_ number: Int) -> String {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: number.littleEndian >> ($0 * 8)) }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    @Test func onlyWhatPacesIsReplaced() throws {
        #expect(LoopbackCongestion.value(inPlaceOf: "bbr\n") != nil)
        for name in ["cubic\n", "reno\n", "", "dctcp"] { #expect(LoopbackCongestion.value(inPlaceOf: name) == nil) }
    }

    @Test func theValueIsRenosName() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        #expect(LoopbackCongestion.set(try #require(LoopbackCongestion.value(inPlaceOf: "bbr")), on: descriptor))
        #expect(!LoopbackCongestion.set(0x7878_7878, on: descriptor))
        #expect(Self.congestion(of: descriptor) == "reno")
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.8.9.1", true), ("::1", true), ("localhost", true), ("192.0.2.1", false),
        ("0.0.0.0", false), ("::", false), ("example.com", false), ("127.example.com", false),
    ])
    func otherMachinesAreNotLocal(host: String, isLocal: Bool) {
        #expect(LoopbackCongestion.isLocal(host) == isLocal)
    }

    @Test(arguments: [("127.0.0.1", "reno"), ("192.0.2.1", nil)])
    func acceptedSocketsHaveWhatTheListenerHas(host: String, expected: String?) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let accepted = group.next().makePromise(of: Int.self)
        let bootstrap = ServerBootstrap(group: group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                accepted.succeed(Int(try #require(channel.syncOptions).getOption(Self.option)))
            }
        }
        let value = LoopbackCongestion.value(inPlaceOf: "bbr")
        let listener = try await LoopbackCongestion.set(value, on: bootstrap, host: host)
            .bind(host: "127.0.0.1", port: 0).get()
        let client = try await ClientBootstrap(group: group).connect(to: try #require(listener.localAddress)).get()
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let name = Self.name(try await accepted.futureResult.get())
        #expect(name == expected ?? String(Self.congestion(of: descriptor).prefix(8)))
        close(descriptor)
        try await client.close()
        try await listener.close()
        try await group.shutdownGracefully()
    }
}
