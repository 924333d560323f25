import NIOCore
import SSHWire
import Testing

@testable import SSHServer

struct RouteResolverTests {
    private let routes = Routes()
    private var listeners: any ListenerDirectory { self.routes.listeners }

    private func resolver(_ configuration: String, options: String = "") throws -> RouteResolver {
        let settings = try ServerConfiguration.parsing(configuration).settings(for: .from("alice"))
        let policy = ForwardingPolicy(settings: settings, key: try KeyFixture.key(options))
        return RouteResolver(policy: policy, self.routes, account: "alice")
    }

    private func text(_ configuration: String, to host: String, _ port: UInt32) throws -> String {
        switch try self.resolver(configuration).route(to: host, port: port) {
        case .socket(let host, let port, let announcesClient, let avoidsOwnDoors):
            "socket \(host) \(port)\(announcesClient ? " announced" : "")\(avoidsOwnDoors ? " if not ours" : "")"
        case .listener(let holder, let address, let port): "connection \(holder.connection) \(address) \(port)"
        case .unixSocket(let path): "path \(path)"
        case .name(let name): "name \(name)"
        case .connectPort(let port, let name): "port \(port) of \(name)"
        }
    }

    @Test func aTunnelToAListenerHereIsJoinedAndAnyOtherIsDialled() throws {
        self.listeners.insert(
            FakeListenerHolder(7),
            at: .port(8080, addresses: ["127.0.0.1", "::1"]),
            boundAddresses: ["127.0.0.1", "::1"]
        )
        #expect(try self.text("", to: "localhost", 8080) == "connection 7 ::1 8080")
        #expect(try self.text("", to: "localhost", 8081) == "socket localhost 8081")
        #expect(try self.text("", to: "web", 8080) == "socket web 8080")
    }

    /// A header that names the caller goes through a socket.
    @Test func whoIsTreatedToAProxyHeaderIsDialled() throws {
        self.listeners.insert(
            FakeListenerHolder(7),
            at: .port(8080, addresses: ["127.0.0.1"]),
            boundAddresses: ["127.0.0.1"]
        )
        let rule = "ProxyProtocolOpen 127.0.0.1:8080"
        #expect(try self.text(rule, to: "127.0.0.1", 8080) == "socket 127.0.0.1 8080 announced")
        #expect(try self.text("", to: "127.0.0.1", 8080) == "connection 7 127.0.0.1 8080")
    }

    @Test func noListenerIsReachedAgainstTheRules() throws {
        self.listeners.insert(
            FakeListenerHolder(7),
            at: .port(8080, addresses: ["127.0.0.1"]),
            boundAddresses: ["127.0.0.1"]
        )
        let refusal = #expect(throws: RouteRefusal.self) { try self.text("PermitOpen web:80", to: "127.0.0.1", 8080) }
        #expect(refusal.map { "\($0.rule)" }?.contains("line 1") == true)
        #expect(throws: RouteRefusal.self) { try self.text("", to: "127.0.0.1", 65536) }
        #expect(throws: RouteRefusal.self) { try self.text("", to: "127.0.0.1", 0) }
    }

    @Test func theRelaysOwnPortIsReachedByARuleThatNamesItAlone() throws {
        self.routes.doors.follow([try SocketAddress(ipAddress: "127.0.0.1", port: 2222)])
        for host in ["127.0.0.1", "localhost", "::ffff:127.0.0.1"] {
            for rule in ["", "PermitOpen *:2222", "PermitOpen [\(host)]:*", "PermitOpen other:2222 *:*"] {
                #expect(throws: RouteRefusal.self) { try self.text(rule, to: host, 2222) }
            }
        }
        #expect(try self.text("PermitOpen 127.0.0.1:2222", to: "127.0.0.1", 2222) == "socket 127.0.0.1 2222")
        #expect(try self.text("", to: "relay.example.com", 2222) == "socket relay.example.com 2222 if not ours")
        #expect(try self.text("", to: "127.0.0.2", 2222) == "socket 127.0.0.2 2222 if not ours")
        #expect(try self.text("", to: "127.0.0.1", 22) == "socket 127.0.0.1 22")
    }

    @Test func aListenerStandsWhereGatewayPortsSays() throws {
        func place(_ configuration: String, _ host: String, _ port: UInt32) throws -> [String] {
            let address = ForwardAddress(host: host, port: port)
            guard case .port(let port, let addresses) = try self.resolver(configuration).place(for: address) else {
                return []
            }
            return ["\(port)"] + addresses
        }
        #expect(try place("", "", 8080) == ["8080", "127.0.0.1", "::1"])
        #expect(try place("GatewayPorts yes", "localhost", 0) == ["0", "0.0.0.0", "::"])
        #expect(try place("GatewayPorts clientspecified", "192.0.2.1", 9090) == ["9090", "192.0.2.1"])
        #expect(throws: RouteRefusal.self) { try place("PermitListen 9090", "", 8080) }
        #expect(throws: RouteRefusal.self) { try place("", "", 70_000) }
    }

    @Test func aNameLeadsToItsDeviceAndNowhereElse() throws {
        let configuration = "Names *,!*.*"
        #expect(try self.text(configuration, to: "nuc", 22) == "name nuc:22")
        #expect(try self.text(configuration, to: "NUC", 22) == "name nuc:22")
        #expect(try self.text(configuration, to: "localhost", 22) == "socket localhost 22")
        #expect(try self.text(configuration, to: "nuc.example", 22) == "socket nuc.example 22")
        #expect(try self.text("", to: "nuc", 22) == "socket nuc 22")
        #expect(throws: RouteRefusal.self) { try self.text(configuration, to: "n\u{fc}c", 22) }
        func place(_ host: String, _ port: UInt32) throws -> String {
            let place = try self.resolver(configuration).place(for: ForwardAddress(host: host, port: port))
            return switch place {
            case .name(let name): "name \(name)"
            case .port(let port, let addresses): "\(port) \(addresses)"
            case .unixSocket(let path, _, _): path
            }
        }
        // A name's port is none of the machine's, and so not privileged.
        #expect(try place("Nuc", 22) == "name nuc:22")
        #expect(try place("localhost", 8080) == "8080 [\"127.0.0.1\", \"::1\"]")
        #expect(throws: RouteRefusal.self) { try place("nuc", 0) }
        #expect(throws: RouteRefusal.self) { try place("localhost", 22) }
        #expect(throws: RouteRefusal.self) { try place("nuc", 70_000) }
    }

    @Test func aPathIsReachedWhereAListNamesItAndNotElsewhere() throws {
        let account = Account(name: try #require(AccountName("alice")))
        let rules = "AllowStreamLocalForwarding yes\nPermitStreamLocalOpen /run/a\nPermitStreamLocalListen /run/b"
        let resolver = try self.resolver("\(rules)\nStreamLocalBindMask 0117\nStreamLocalBindUnlink yes")
        guard case .unixSocket("/run/a") = try resolver.route(to: "/run/a", for: account) else {
            Issue.record("it is not reached")
            return
        }
        guard case .unixSocket("/run/b", 0o117, true) = try resolver.place(for: "/run/b", of: account) else {
            Issue.record("there is no listener")
            return
        }
        #expect(throws: RouteRefusal.self) { try resolver.route(to: "/run/b", for: account) }
        #expect(throws: RouteRefusal.self) { try resolver.place(for: "/run/a", of: account) }
    }
}
