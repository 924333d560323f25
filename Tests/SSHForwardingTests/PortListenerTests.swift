import Glibc
import NIOCore
import NIOPosix
import SSHWire
import Testing

@testable import SSHForwarding

struct PortListenerTests {
    private func listen(_ addresses: [String], port: UInt16 = 0) async throws -> UInt16 {
        try await self.listen(addresses, port: port, \.port)
    }

    /// - Returns: a property of the listener, which is closed.
    private func listen<Value: Sendable>(
        _ addresses: [String],
        port: UInt16,
        _ value: @escaping @Sendable (PortListener) -> Value
    ) async throws -> Value {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: Value.self)
        loop.execute {
            PortListener.listen(addresses: addresses, port: port, on: loop, onAccept: { $0.close(promise: nil) }) {
                result in
                promise.completeWith(result.map(value))
                try? result.get().close()
            }
        }
        return try await promise.futureResult.get()
    }

    @Test func portZeroPicksOneForAllAddresses() async throws {
        #expect(try await self.listen(["127.0.0.1", "::1"]) > 0)
    }

    @Test func oneAddressThatCanBeBoundIsEnough() async throws {
        #expect(try await self.listen(["192.0.2.1", "127.0.0.1"]) > 0)
    }

    @Test func addressesThatAreTakenAreNamedAndMissingOnesAreNot() async throws {
        let taken = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(
            host: "127.0.0.1",
            port: 0
        )
        .get()
        let port = UInt16(taken.localAddress?.port ?? 0)
        let failures = try await self.listen(["192.0.2.1", "127.0.0.1", "127.0.0.2"], port: port) { listener in
            listener.failures.map { "\($0.address) \(($0.error as? IOError)?.errnoCode ?? 0)" }
        }
        #expect(failures == ["127.0.0.1 \(EADDRINUSE)"])
        try await taken.close()
    }

    @Test func noAddressThatCanBeBoundIsAFailure() async {
        await #expect(throws: (any Error).self) { try await self.listen(["192.0.2.1"]) }
        await #expect(throws: (any Error).self) { try await self.listen([]) }
    }

    @Test(arguments: [0, 65_536, UInt32.max])
    func whatIsNoPortIsNotDialled(port: UInt32) async {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        await #expect(throws: SSHError.self) {
            try await Dialer().connect(host: "127.0.0.1", port: port, on: loop).get()
        }
    }
}
