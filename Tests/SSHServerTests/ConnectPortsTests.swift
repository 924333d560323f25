import NIOCore
import NIOEmbedded
import Testing

@testable import SSHServer

struct ConnectPortsTests {
    private let ports = ConnectPorts()
    private let eventLoop = NIOAsyncTestingEventLoop()

    private func name(_ text: String, of account: String = "a", port: UInt16 = 22) throws -> RegisteredName {
        RegisteredName(try DeviceName(text), port: port, of: account)
    }

    private func open(_ name: RegisteredName, total: Int64 = 3600, idle: Int64 = 600) throws -> UInt16 {
        let life = ConnectPorts.Life(total: .seconds(total), idle: .seconds(idle))
        return try self.ports.open(name, life, now: 1000, on: self.eventLoop)
    }

    @Test func aPortLeadsItsOwnAccountToItsDeviceAndNobodyElse() throws {
        let nuc = try self.name("nuc")
        let port = try self.open(nuc)
        for host in ["localhost", "127.0.0.1", "::1"] {
            #expect(self.ports.name(at: host, port: port, for: "a") == nuc)
            #expect(self.ports.name(at: host, port: port, for: "b") == nil)
            #expect(self.ports.name(at: host, port: port == 1 ? 2 : port - 1, for: "a") == nil)
        }
        #expect(self.ports.name(at: "192.0.2.1", port: port, for: "a") == nil)
        // The same device of another account is another one.
        let other = try self.open(try self.name("nuc", of: "b"))
        #expect(other != port)
        #expect(self.ports.ports(of: "a") == [.init(number: port, name: nuc, expires: 4600, tunnels: 0)])
        #expect(self.ports.close(try DeviceName("nuc"), of: "b") == [other])
        #expect(self.ports.name(at: "localhost", port: port, for: "a") == nuc)
    }

    @Test func theSameDeviceHasOnePort() throws {
        let port = try self.open(try self.name("nuc"))
        #expect(try self.open(try self.name("nuc"), total: 60) == port)
        #expect(self.ports.ports(of: "a").map(\.expires) == [1060])
        #expect(try self.open(try self.name("nuc", port: 80)) != port)
        #expect(self.ports.close(try DeviceName("nuc"), of: "a").count == 2)
        #expect(self.ports.ports(of: "a").isEmpty)
    }

    @Test func anAccountHasNoMoreThanItMay() throws {
        for number in 0..<ConnectPorts.mostOfAccount { _ = try self.open(try self.name("n\(number)")) }
        #expect(throws: ConnectPorts.Full.self) { try self.open(try self.name("one-more")) }
        _ = try self.open(try self.name("n0"))
        _ = try self.open(try self.name("one-more", of: "b"))
    }

    @Test func whatRunsThroughAPortEndsWithIt() async throws {
        let nuc = try self.name("nuc")
        let port = try self.open(nuc)
        let (socket, late) = (EmbeddedChannel(), EmbeddedChannel())
        #expect(self.ports.began(socket, at: port, to: nuc))
        #expect(self.ports.ports(of: "a").map(\.tunnels) == [1])
        _ = self.ports.close(try DeviceName("nuc"), of: "a")
        socket.embeddedEventLoop.run()
        #expect(!socket.isActive)
        #expect(!self.ports.began(late, at: port, to: nuc))
    }
}
