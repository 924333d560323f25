import Testing

@testable import SSHServer

struct RelayOperationTests {
    private let relay = OperatedFixture()
    private let who = Operator(userID: 0, process: 7)

    private func perform(_ command: OperatorCommand) async -> OperatorReply<OperatedFixture.Registry> {
        await RelayOperation(relay: self.relay).perform(command, by: self.who)
    }

    private func kick(_ target: KickTarget) async -> Int? {
        guard case .kicked(let count) = await self.perform(.kick(target)) else { return nil }
        return count
    }

    private func list() async -> [[UInt64]] {
        guard case .list(let list) = await self.perform(.list) else { return [] }
        var pieces: [[UInt64]] = []
        for await piece in list { pieces.append(piece.map(\.connection)) }
        return pieces
    }

    @Test func statusAddsUpWhatLivesAndWhatHasEnded() async {
        var relay = self.relay
        (relay.status.sent, relay.status.received) = (1000, 2000)
        let load = ConnectionLoad(isLoggedIn: true, listeners: 2, tunnels: 3, sent: 10, received: 20)
        for number in 1...700 { relay.add(UInt64(number), "a", load: load) }
        relay.add(1000, nil)
        let reply = await RelayOperation(relay: relay).perform(.status, by: self.who)
        guard case .status(let status) = reply else {
            Issue.record("no status")
            return
        }
        #expect((status.connections, status.beginning, status.listeners, status.tunnels) == (700, 1, 1400, 2100))
        #expect((status.sent, status.received) == (8000, 16000))
        #expect((status.version, status.process) == ("relay 1", 42))
    }

    @Test func aListHasWhoIsLoggedInByNumberAndAPieceAtATime() async {
        for number in (1...600).reversed() { self.relay.add(UInt64(number), number == 5 ? nil : "a") }
        let pieces = await self.list()
        let expected = (UInt64(1)...600).filter { $0 != 5 }
        #expect(pieces.flatMap(\.self) == expected)
        #expect(pieces.allSatisfy { $0.count <= 256 })
        #expect(self.relay.connections.pieces == [256, 256, 88])
    }

    @Test func aPieceOfTheListIsAskedForWhenTheOneBeforeIsTaken() async {
        for number in 1...600 { self.relay.add(UInt64(number), "a") }
        guard case .list(let list) = await self.perform(.list) else { return }
        var iterator = list.makeAsyncIterator()
        #expect(self.relay.connections.pieces.isEmpty)
        _ = await iterator.next()
        #expect(self.relay.connections.pieces == [256])
        // Who has gone meanwhile is left out.
        for number in 257...512 { _ = self.relay.connections.end(UInt64(number)) }
        let (second, third) = (await iterator.next(), await iterator.next())
        #expect(second?.first?.connection == 513)
        #expect(third == nil)
    }

    @Test func aKickEndsThoseThatAreMeantAndNobodyElse() async {
        self.relay.add(1, "a", key: "SHA256:a", ports: [80, 8080])
        self.relay.add(2, "a", key: "SHA256:b")
        self.relay.add(3, "b", key: "SHA256:a", ports: [80])
        self.relay.add(4, nil, ports: [])
        self.relay.add(5, "é\n")
        #expect(await self.kick(.account("c")) == 0)
        #expect(await self.kick(.key("SHA256:c")) == 0)
        #expect(await self.kick(.port(81)) == 0)
        #expect(await self.kick(.connection(6)) == 0)
        #expect(self.relay.connections.numbers == [1, 2, 3, 4, 5])
        #expect(await self.kick(.port(8080)) == 1)
        #expect(self.relay.connections.numbers == [2, 3, 4, 5])
        #expect(await self.kick(.key("SHA256:b")) == 1)
        #expect(self.relay.connections.numbers == [3, 4, 5])
        #expect(await self.kick(.account("b")) == 1)
        // As the list and the log write it.
        #expect(await self.kick(.account("\\303\\251\\012")) == 1)
        #expect(await self.kick(.connection(4)) == 1)
        #expect(self.relay.connections.numbers.isEmpty)
    }

    @Test func aKickOfManyLeavesTheEventLoopsToOthersInBetween() async {
        for number in 1...300 { self.relay.add(UInt64(number), number <= 100 ? "a" : "b") }
        #expect(await self.kick(.account("a")) == 100)
        #expect(self.relay.connections.pieces == [256, 44, 32, 32, 32, 4])
        #expect(self.relay.connections.numbers.count == 200)
    }

    @Test func aReloadSaysWhetherTheNewConfigurationHolds() async {
        guard case .reloaded = await self.perform(.reload) else {
            Issue.record("it holds")
            return
        }
        var relay = self.relay
        relay.outcome = .failed("line 1 is wrong")
        let reply = await RelayOperation(relay: relay).perform(.reload, by: self.who)
        guard case .failed(let reason) = reply else {
            Issue.record("it does not hold")
            return
        }
        #expect(reason.hasSuffix("line 1 is wrong"))
    }

    @Test func aQuestionThatCannotBeAskedIsToldSo() async {
        let request = ExplainRequest(
            account: "a,lport=x",
            key: .fingerprint("SHA256:x"),
            question: .logIn,
            address: "::1"
        )
        guard case .failed = await self.perform(.explain(request)) else {
            Issue.record("that is no port")
            return
        }
    }

    @Test func aReloadThatNobodyCarriesOutIsAnsweredAllTheSame() async {
        let outcome = await withCheckedContinuation { continuation in
            _ = ReloadRequest { continuation.resume(returning: $0) }
        }
        #expect(outcome == .failed("the relay is shutting down"))
    }
}
