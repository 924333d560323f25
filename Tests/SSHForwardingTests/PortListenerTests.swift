import NIOCore
import NIOPosix
import SSHWire
import Testing

@testable import SSHForwarding

struct PortListenerTests {
    private func listen(_ addresses: [String], port: UInt16 = 0) async throws -> UInt16 {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: UInt16.self)
        loop.execute {
            PortListener.listen(addresses: addresses, port: port, on: loop, onAccept: { $0.close(promise: nil) }) {
                result in
                promise.completeWith(result.map(\.port))
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
