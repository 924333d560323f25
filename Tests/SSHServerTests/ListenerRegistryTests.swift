import Testing

@testable import SSHServer

struct ListenerRegistryTests {
    private let registry = ListenerRegistry()

    private func insert(_ connection: UInt64, _ addresses: [String], bound: [String]? = nil) {
        self.registry.insert(
            FakeListenerHolder(connection),
            at: .port(8080, addresses: addresses),
            boundAddresses: bound ?? addresses
        )
    }

    private func found(_ host: String, port: UInt16 = 8080) -> [String] {
        self.registry.holder(atLoopback: host, port: port).map { ["\($0.holder.connection)", $0.bound] } ?? []
    }

    @Test func whoeverIsInTheWayIsFoundByAddressAndPort() {
        self.insert(1, ["127.0.0.1", "::1"])
        self.insert(2, ["192.0.2.1"])
        func holders(_ addresses: [String], _ port: UInt16 = 8080) -> [UInt64] {
            self.registry.holders(of: .port(port, addresses: addresses)).map(\.connection)
        }
        #expect(holders(["127.0.0.1"]) == [1])
        #expect(holders(["0.0.0.0"]) == [1, 2])
        #expect(holders(["::"]) == [1])
        #expect(holders(["192.0.2.2"]).isEmpty && holders(["127.0.0.1"], 8081).isEmpty)
    }

    @Test func onlyWhatIsTakenBackIsGone() {
        self.insert(1, ["127.0.0.1"])
        self.insert(2, ["192.0.2.1"])
        self.registry.remove(connection: 1, from: .port(8080, addresses: ["192.0.2.1"]))
        self.registry.remove(connection: 2, from: .port(8081, addresses: ["192.0.2.1"]))
        #expect(self.registry.holders(of: .port(8080, addresses: ["0.0.0.0"])).count == 2)
        self.registry.remove(connection: 2, from: .port(8080, addresses: ["192.0.2.1"]))
        #expect(self.registry.holders(of: .port(8080, addresses: ["0.0.0.0"])).map(\.connection) == [1])
    }

    @Test func aLoopbackAddressLeadsToWhatIsBoundThereBeforeTheWildcard() {
        self.insert(1, ["0.0.0.0"])
        #expect(self.found("127.0.0.1") == ["1", "0.0.0.0"] && self.found("::1").isEmpty)
        self.insert(2, ["127.0.0.1"])
        #expect(self.found("127.0.0.1") == ["2", "127.0.0.1"])
        #expect(self.found("192.0.2.1").isEmpty && self.found("127.0.0.1", port: 8081).isEmpty)
    }

    /// What was asked for and could not be bound is not there to be called.
    @Test func onlyABoundAddressIsCalled() {
        self.insert(1, ["127.0.0.1", "::1"], bound: ["127.0.0.1"])
        #expect(self.found("127.0.0.1") == ["1", "127.0.0.1"])
        #expect(self.found("::1").isEmpty && self.found("localhost").isEmpty)
    }

    @Test func localhostIsWhoeverHasBothFamilies() {
        self.insert(1, ["127.0.0.1"])
        self.insert(2, ["::1"])
        #expect(self.found("localhost").isEmpty)
        self.registry.remove(connection: 1, from: .port(8080, addresses: ["127.0.0.1"]))
        self.registry.remove(connection: 2, from: .port(8080, addresses: ["::1"]))
        self.insert(3, ["127.0.0.1", "::1"])
        #expect(self.found("localhost") == ["3", "::1"])
    }

    @Test func aNameHasItsHolderUntilThatGoes() throws {
        let name = RegisteredName(try DeviceName("nuc"), port: 22, of: "alice")
        self.registry.insert(FakeListenerHolder(1), at: .name(name), boundAddresses: [])
        let other = RegisteredName(try DeviceName("nuc"), port: 22, of: "bob")
        #expect(self.registry.holders(of: .name(name)).map(\.connection) == [1])
        #expect(self.registry.holders(of: .name(other)).isEmpty)
        #expect(self.registry.holders(of: .port(22, addresses: ["0.0.0.0"])).isEmpty)
        self.registry.remove(connection: 2, from: .name(name))
        #expect(self.registry.holders(of: .name(name)).count == 1)
        self.registry.remove(connection: 1, from: .name(name))
        #expect(self.registry.holders(of: .name(name)).isEmpty)
    }
}
