import SSHProtocol
import SSHWire
import Testing

@testable import SSHServer

struct RemoteForwardsTests {
    private func forwards(
        _ makeRoom: @escaping () throws(RemoteForwards.Refusal) -> ListenerRoom?
    ) -> RemoteForwards {
        RemoteForwards(makeRoom: makeRoom, onOpen: { _ in }, onClose: { _ in })
    }

    @Test func whatARequestTakesOfTheShareGoesBackWhenItFails() throws {
        let budget = ResourceBudget(limit: 1_000_000)
        let share = ResourceShare(budget.account(named: "a"))
        let forwards = self.forwards { () throws(RemoteForwards.Refusal) in
            guard let memory = share.reserve(100, for: .opening), let sockets = share.reserve(1, for: .descriptor)
            else {
                throw .noRoom
            }
            return ListenerRoom(memory: memory, descriptors: sockets)
        }
        let address = ForwardAddress(host: "localhost", port: 8080)
        let ticket = try forwards.begin(address)
        let unixTicket = try forwards.begin(path: "/run/x.sock")
        #expect(share.held == 202 && forwards.count == 2)
        forwards.fail(address, ticket)
        forwards.fail(path: "/run/x.sock", unixTicket)
        #expect(share.held == 0 && forwards.count == 0)
    }

    @Test func aRefusalSaysWhy() throws {
        let forwards = self.forwards { () throws(RemoteForwards.Refusal) in nil }
        let address = ForwardAddress(host: "localhost", port: 8080)
        _ = try forwards.begin(address)
        #expect(throws: RemoteForwards.Refusal.self) { try forwards.begin(address) }
        forwards.closeAll()
        #expect(throws: RemoteForwards.Refusal.self) { try forwards.begin(ForwardAddress(host: "a", port: 1)) }
        let full = self.forwards { () throws(RemoteForwards.Refusal) in throw .limit(64) }
        do {
            _ = try full.begin(address)
            Issue.record("there is no room")
        } catch {
            #expect("\(error)" == "the connection has 64 listeners (MaxListeners)")
        }
    }
}
