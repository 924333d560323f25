import NIOCore
import SSHConfiguration
import Testing

@testable import SSHServer

struct SessionRequestLineTests {
    private func question(_ text: String) throws -> SessionRequestLine.Question? {
        guard let name = SessionRequestLine.name(in: text) else { return nil }
        return try SessionRequestLine(name, text).question
    }

    private func device(_ text: String) throws -> DeviceName { try DeviceName(text) }

    @Test func wordsAreReadAsTheyAreMeant() throws {
        let hour = ConnectPorts.Life(total: .hours(1), idle: .minutes(10))
        #expect(try self.question("whoami") == .whoami)
        #expect(try self.question("  list\t--watch ") == .list(isRepeated: true))
        #expect(try self.question("connect NUC") == .connect(self.device("nuc"), port: 22, life: hour))
        let short = ConnectPorts.Life(total: .seconds(90), idle: .seconds(1))
        #expect(
            try self.question("connect --ttl 1m30s nuc:5900 --idle 1")
                == .connect(self.device("nuc"), port: 5900, life: short)
        )
        #expect(try self.question("disconnect nuc:1") == .disconnect(self.device("nuc")))
        #expect(try self.question("kick nuc") == .kick(.account("nuc")))
        #expect(try self.question("kick name=nuc") == .kick(.name("nuc")))
        #expect(try self.question("log -f nuc") == .log(self.device("nuc"), isFollowed: true))
        #expect(try self.question("host-keys [nuc]:2222") == .hostKeys("[nuc]:2222"))
        #expect(try self.question("host-keys add") == .addHostKeys(nil))
        #expect(try self.question("host-keys add nuc") == .addHostKeys(self.device("nuc")))
        #expect(try SessionRequestLine(.list, "list --json").wantsJSON)
    }

    @Test(arguments: ["", " ", "lists", "List", "scp -t x", "list;reboot", "ls list", "/list"])
    func othersAreNoCommandsOfOurs(_ text: String) {
        #expect(SessionRequestLine.name(in: text) == nil)
    }

    @Test(arguments: [
        "whoami x", "list --all", "list --watch --watch", "connect", "connect nuc rpi", "connect nuc:", "connect nuc:0",
        "connect nuc:65536", "connect nuc --ttl", "connect nuc --ttl 0", "connect nuc --ttl -1", "connect nuc --ttl 8d",
        "connect nuc --idle x", "connect a\u{7}b", "connect ..", "disconnect", "kick", "kick port=0", "kick a b", "log",
        "log -f",
        "host-keys", "host-keys add nuc rpi", "host-keys a b",
    ])
    func wrongWordsAreSaid(_ text: String) throws {
        let name = try #require(SessionRequestLine.name(in: text))
        #expect(throws: InvalidValue.self) { try SessionRequestLine(name, text) }
    }
}
