import NIOCore
import NIOEmbedded
import SSHWire
import Testing

@testable import SSHClient

struct AddressRaceTests {
    private let eventLoop = EmbeddedEventLoop()
    private let addresses: [SocketAddress]

    init() throws {
        self.addresses = try ["2001:db8::1", "2001:db8::2", "192.0.2.1"].map {
            try SocketAddress(ipAddress: $0, port: 22)
        }
    }

    /// What a race did, and the tries that it began.
    private final class Bench {
        var tries: [(address: String, promise: EventLoopPromise<any Channel>)] = []
        var failed: [String] = []
        var end: Result<String, any Error>?

        func run(_ addresses: [SocketAddress], on eventLoop: EmbeddedEventLoop) {
            let race = AddressRace<String>(addresses, on: eventLoop) { address in
                let promise = eventLoop.makePromise(of: (any Channel).self)
                self.tries.append((address.ipAddress ?? "", promise))
                return promise.futureResult
            } onConnect: { channel in
                "\(ObjectIdentifier(channel as AnyObject))"
            } onFailure: { address, _ in
                self.failed.append(address.ipAddress ?? "")
            }
            race.run().assumeIsolated().whenComplete { self.end = $0 }
        }

        var begun: [String] { self.tries.map(\.address) }
    }

    @Test func familiesTakeTurnsAndEachHasAHeadStart() throws {
        let bench = Bench()
        bench.run(self.addresses, on: self.eventLoop)
        #expect(bench.begun == ["2001:db8::1"])
        self.eventLoop.advanceTime(by: .milliseconds(249))
        #expect(bench.begun.count == 1)
        self.eventLoop.advanceTime(by: .milliseconds(1))
        #expect(bench.begun == ["2001:db8::1", "192.0.2.1"])
        self.eventLoop.advanceTime(by: .milliseconds(250))
        #expect(bench.begun == ["2001:db8::1", "192.0.2.1", "2001:db8::2"])
        for aTry in bench.tries { aTry.promise.fail(SSHError(.connectionLost, "gone")) }
    }

    @Test func oneThatFailsMakesRoomForTheNextAtOnce() throws {
        let bench = Bench()
        bench.run(self.addresses, on: self.eventLoop)
        bench.tries[0].promise.fail(SSHError(.connectionLost, "refused"))
        #expect(bench.begun == ["2001:db8::1", "192.0.2.1"])
        #expect(bench.failed == ["2001:db8::1"])
        let winner = EmbeddedChannel(loop: self.eventLoop)
        bench.tries[1].promise.succeed(winner)
        #expect(try bench.end?.get() == "\(ObjectIdentifier(winner))")
        self.eventLoop.advanceTime(by: .seconds(9))
        #expect(bench.tries.count == 2)
        _ = try? winner.finish()
    }

    @Test func whoComesLateIsClosed() throws {
        let bench = Bench()
        bench.run(self.addresses, on: self.eventLoop)
        self.eventLoop.advanceTime(by: .milliseconds(250))
        let (winner, late) = (EmbeddedChannel(loop: self.eventLoop), EmbeddedChannel(loop: self.eventLoop))
        for channel in [winner, late] {
            try channel.connect(to: self.addresses[0]).wait()
        }
        bench.tries[1].promise.succeed(winner)
        bench.tries[0].promise.succeed(late)
        self.eventLoop.run()
        #expect(winner.isActive && !late.isActive)
        #expect(bench.failed == [])
        _ = try? winner.finish()
    }

    @Test func itFailsWithTheLastOne() throws {
        let bench = Bench()
        bench.run(self.addresses, on: self.eventLoop)
        bench.tries[0].promise.fail(SSHError(.connectionLost, "first"))
        bench.tries[1].promise.fail(SSHError(.connectionLost, "second"))
        #expect(bench.end == nil)
        bench.tries[2].promise.fail(SSHError(.connectionLost, "third"))
        #expect(bench.failed.count == 3)
        let error = #expect(throws: SSHError.self) { _ = try bench.end?.get() }
        #expect(error?.reason == "third")
    }

    @Test func withoutAnAddressThereIsNoRace() {
        let bench = Bench()
        bench.run([], on: self.eventLoop)
        #expect(throws: SSHError.self) { _ = try bench.end?.get() }
    }
}
