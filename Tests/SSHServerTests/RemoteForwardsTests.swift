import SSHProtocol
import SSHWire
import Testing

@testable import SSHServer

struct RemoteForwardsTests {
    /// Whose account has as much room as the test says.
    private final class Owner: RemoteForwardsOwner {
        private let makeRoom: () throws(RemoteForwards.Refusal) -> ListenerRoom?

        init(_ makeRoom: @escaping () throws(RemoteForwards.Refusal) -> ListenerRoom?) {
            self.makeRoom = makeRoom
        }

        func takeListenerRoom(beside count: Int, hasSockets: Bool) throws(RemoteForwards.Refusal) -> ListenerRoom? {
            try self.makeRoom()
        }

        func opened(_ listener: RemoteForwards.Listener) {}
        func closed(_ listener: RemoteForwards.Listener) {}
    }

    @Test func whatARequestTakesOfTheShareGoesBackWhenItFails() throws {
        let budget = ResourceBudget(limit: 1_000_000)
        let share = ResourceShare(budget.account(named: "a"))
        let owner = Owner { () throws(RemoteForwards.Refusal) in
            guard let memory = share.reserve(100, for: .opening), let sockets = share.reserve(1, for: .descriptor)
            else {
                throw .noRoom
            }
            return ListenerRoom(memory: memory, descriptors: sockets)
        }
        let forwards = RemoteForwards(owner: owner)
        let address = ForwardAddress(host: "localhost", port: 8080)
        let ticket = try forwards.begin(address)
        let unixTicket = try forwards.begin(path: "/run/x.sock")
        #expect(share.held == 202 && forwards.count == 2)
        forwards.fail(address, ticket)
        forwards.fail(path: "/run/x.sock", unixTicket)
        #expect(share.held == 0 && forwards.count == 0)
    }

    @Test func aRefusalSaysWhy() throws {
        let owner = Owner { () throws(RemoteForwards.Refusal) in nil }
        let forwards = RemoteForwards(owner: owner)
        let address = ForwardAddress(host: "localhost", port: 8080)
        _ = try forwards.begin(address)
        #expect(throws: RemoteForwards.Refusal.self) { try forwards.begin(address) }
        forwards.closeAll()
        #expect(throws: RemoteForwards.Refusal.self) { try forwards.begin(ForwardAddress(host: "a", port: 1)) }
        let fullOwner = Owner { () throws(RemoteForwards.Refusal) in throw .limit(64) }
        let full = RemoteForwards(owner: fullOwner)
        do {
            _ = try full.begin(address)
            Issue.record("there is no room")
        } catch {
            #expect("\(error)" == "the connection has 64 listeners (MaxListeners)")
        }
    }
}
