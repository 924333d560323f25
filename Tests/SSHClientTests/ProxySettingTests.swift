import SSHWire
import Testing

@testable import SSHClient

struct ProxySettingTests {
    @Test func urlsHaveLoginsInPercentEncoding() throws {
        let server = try #require(ProxyServer("SOCKS5://j%40e:p%3A%2f%25@[::1]:99/"))
        #expect(server.kind == .socks5 && server.host == "::1" && server.port == 99)
        #expect(server.login?.user == "j@e" && server.login?.password == "p:/%")
        #expect(ProxyServer("http://proxy")?.port == 80)
        #expect(ProxyServer("socks5h://joe@proxy")?.login?.password == "")
    }

    @Test(arguments: [
        "", "proxy:8080", "https://proxy", "socks4://proxy", "http://", "http://:80", "http://proxy:0",
        "http://proxy:99999",
        "http://proxy/path", "http://%zz@proxy", "http://a%3ab:c@proxy", "http://a:b%0a@proxy", "http://:b@proxy",
        "http://pro xy", "http://\(String(repeating: "u", count: 256)):p@proxy", "http://-o:80",
    ])
    func whatIsNoProxyIsRefused(text: String) {
        #expect(ProxyServer(text) == nil)
    }

    @Test func thePasswordIsNeverShown() throws {
        let server = try #require(ProxyServer("http://j%40e:secret@proxy:80"))
        var dumped = ""
        dump(server, to: &dumped)
        dump(server.login, to: &dumped)
        let shown = ["\(server)", String(reflecting: server), server.name, dumped, "\(SSHRoute.proxy(server))"]
        #expect(!shown.joined().contains("secret"))
        #expect("\(server)" == "http://j%40e:***@proxy:80")
    }

    private func server(_ host: String, _ variables: [String: String]) throws -> String? {
        try ProxySetting.environment.server(for: host, in: testEnvironment(variables: variables))?.name
    }

    @Test func variablesAreAskedInOrder() throws {
        #expect(try self.server("h", [:]) == nil)
        #expect(try self.server("h", ["http_proxy": "http://a"]) == nil)
        #expect(try self.server("h", ["https_proxy": "b:1", "HTTPS_PROXY": "http://c"]) == "http://b:1")
        #expect(try self.server("h", ["ALL_PROXY": "socks5://d", "https_proxy": "b:1"]) == "socks5://d:1080")
        #expect(try self.server("h", ["all_proxy": "", "ALL_PROXY": "socks5h://d:2"]) == "socks5://d:2")
        #expect(throws: SSHError.self) { try self.server("h", ["all_proxy": "ftp://x"]) }
    }

    @Test(arguments: [
        ("*", "h", true), ("h", "H.", true), ("h", "ah", false), (".example.org", "a.example.org", true),
        ("example.org", "a.b.EXAMPLE.org", true), ("*.example.org x", "example.org", true),
        ("example.org", "anexample.org", false), ("192.0.2.0/24", "192.0.2.9", true),
        ("192.0.2.9/24", "192.0.2.9", false),
        ("192.0.2.0/24", "192.0.3.9", false), ("2001:db8::/32", "2001:db8::1", true), (" ,,. ", "h", false),
    ])
    func exceptions(list: String, host: String, isExcepted: Bool) throws {
        #expect(ProxySetting.isExcepted(host, by: list) == isExcepted)
        let name = try self.server(host, ["all_proxy": "socks5://p", "no_proxy": list])
        #expect((name == nil) == isExcepted)
    }

    @Test func theKeywordIsReadAndPrintedWithoutThePassword() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("config", "Host h\nProxy http://me:secret@proxy:8080\nProxy none\n")
        var line = ClientCommandLine(host: "h")
        line.configurationFile = .only(path)
        let configuration = try ClientConfiguration.load(
            line,
            environment: folder.environment(),
            algorithms: testAlgorithms
        )
        #expect(configuration.proxySetting == ProxySetting("http://me:secret@proxy:8080"))
        #expect(configuration.printedLines.contains("proxy http://me:***@proxy:8080"))
        try folder.write("config", "Proxy http://me:secret@proxy:8080/x\n")
        let error = #expect(throws: SSHError.self) {
            try ClientConfiguration.load(line, environment: folder.environment(), algorithms: testAlgorithms)
        }
        #expect(error?.reason.contains("secret") == false && error?.reason.contains("line 1") == true)
    }
}
