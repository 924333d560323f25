import SSHWire
import Testing

@testable import SSHClient

struct RelayNameTests {
    private func load(_ text: String, host: String = "h") throws -> ClientConfiguration {
        let folder = try TemporaryFolder()
        var line = ClientCommandLine(host: host)
        line.configurationFile = .only(try folder.write("config", text))
        return try ClientConfiguration.load(line, environment: folder.environment(), algorithms: testAlgorithms)
    }

    @Test func severalNamesHaveTokensOfTheirOwn() throws {
        let configuration = try self.load(
            "HostName A.%h b [::1]:2222 srv:_ssh._tcp.example.com\nPort 7\nProxyCommand nc %h %p\nHostName later\n"
        )
        #expect(configuration.hostName == "a.h" && configuration.port == 7)
        #expect(configuration.relayNames.map(\.host) == ["a.h", "b", "::1", "_ssh._tcp.example.com"])
        #expect(configuration.relayNames.map(\.isService) == [false, false, false, true])
        let third = try configuration.at(configuration.relayNames[2])
        #expect(third.hostName == "::1" && third.port == 2222)
        #expect(third.proxy == .command("nc ::1 2222"))
        #expect(third.knownHostsName == "[::1]:2222")
        #expect(try configuration.at(configuration.relayNames[1]).knownHostsName == "[b]:7")
        #expect(
            configuration.printedLines.contains("hostname a.h b [::1]:2222 srv:_ssh._tcp.example.com")
        )
    }

    @Test func oneNameIsWhatItIsToSSH() throws {
        let configuration = try self.load("HostName Name%%.%h\n")
        #expect(configuration.hostName == "name%.h")
        #expect(configuration.relayNames == [RelayName(host: "name%.h")])
        #expect(try configuration.at(configuration.relayNames[0]).hostName == "name%.h")
        #expect(try self.load("Port 9\n", host: "X").relayNames == [RelayName(host: "x")])
    }

    @Test(arguments: ["[", "[a", "[a]x", "[a]:0", "[a]:99999", "[]:1", "srv:", "srv:a\u{e9}"])
    func whatIsNoNameIsRefused(word: String) {
        #expect(throws: SSHError.self) { try self.load("HostName a \(word)\n") }
    }

    @Test func aRecordFromTheNetworkStaysOutOfTheShell() throws {
        let configuration = try self.load("HostName srv:x\nProxyCommand nc %h %p\n")
        #expect(throws: SSHError.self) { try configuration.at(RelayName(host: "a;b", port: 1)) }
        #expect(try configuration.at(RelayName(host: "a", port: 1)).proxy == .command("nc a 1"))
    }

    @Test func theModeIsReadAndPrinted() throws {
        #expect(try self.load("").relayMode == .failover)
        let all = try self.load("RelayMode all\n")
        #expect(all.relayMode == .all && all.printedLines.contains("relaymode all"))
        #expect(throws: SSHError.self) { try self.load("RelayMode some\n") }
    }
}
