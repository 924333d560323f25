import Foundation
import Logging
import Testing

@testable import SSHServer

struct LogRecordTests {
    private func record(
        _ message: String,
        level: Logger.Level = .info,
        metadata: Logger.Metadata = [:],
        time: LogTime = LogTime(seconds: 0, milliseconds: 0)
    ) -> LogRecord {
        LogRecord(time: time, level: level, message: message, metadata: metadata)
    }

    @Test(arguments: [
        (0, 0, "1970-01-01T00:00:00.000Z"),
        (951_827_696, 7, "2000-02-29T12:34:56.007Z"),
        (1_798_761_599, 999, "2026-12-31T23:59:59.999Z"),
        (-1, 0, "1969-12-31T23:59:59.000Z"),
    ])
    func timesAreThoseOfRFC3339(_ seconds: Int, _ milliseconds: Int, _ expected: String) {
        #expect(LogTime(seconds: seconds, milliseconds: milliseconds).rfc3339 == expected)
    }

    @Test func syslogTimesAreThoseOfRFC3164() throws {
        let time = LogTime(seconds: 951_827_696, milliseconds: 7).syslog
        #expect(try /^(Feb 29|Mar  1) \d\d:\d\d:\d\d$/.wholeMatch(in: time) != nil)
        let single = LogTime(seconds: 1_799_064_000, milliseconds: 0).syslog
        #expect(try /^Jan  [345] \d\d:\d\d:\d\d$/.wholeMatch(in: single) != nil)
    }

    @Test(arguments: [
        (Logger.Level.trace, "debug1: x", 7), (.debug, "x", 6), (.info, "x", 6), (.warning, "warning: x", 4),
        (.error, "error: x", 3), (.critical, "fatal: x", 2),
    ])
    func levelsLookAndCountAsInSshd(_ level: Logger.Level, _ text: String, _ severity: Int32) {
        let record = self.record("x", level: level)
        #expect(record.text == text)
        #expect(record.severity == severity)
    }

    @Test func noMessageBeginsASecondLineOrSendsATerminalACommand() {
        #expect(self.record("a\nb\u{1b}[2J\r\0é").message == "a\\012b\\033[2J\\015\\000\\303\\251")
        #expect(self.record(String(repeating: "x", count: 9000)).message.utf8.count == 8195)
    }

    @Test func textShowsOnlyTheConnectionOfTheMetadata() {
        let record = self.record("hello", metadata: ["connection": "42", "account": "alice"])
        #expect(record.text == "hello")
        #expect(record.tag == "sshd[42]")
        #expect(self.record("hello").tag == "sshd[\(ProcessInfo.processInfo.processIdentifier)]")
        #expect(self.record("hello", metadata: ["connection": "x] y"]).connection == nil)
    }

    @Test func jsonHasTheFixedMembersFirstAndTheRestByName() {
        let record = self.record(
            "said \"no\"",
            level: .error,
            metadata: [
                "connection": "42", "sent": .stringConvertible(UInt64.max), "account": "al\\ice",
                "ok": .stringConvertible(true),
            ]
        )
        #expect(
            record.json == """
                {"time":"1970-01-01T00:00:00.000Z","level":"error","message":"said \\"no\\"","connection":42,\
                "account":"al\\\\ice","ok":true,"sent":18446744073709551615}
                """
        )
    }

    @Test func metadataCannotReplaceTheFixedMembers() throws {
        let object = try Self.parse(self.record("real", metadata: ["message": "forged", "time": "never"]).json)
        #expect(object["message"] as? String == "real")
        #expect(object["time"] as? String == "1970-01-01T00:00:00.000Z")
    }

    @Test func whateverMetadataHoldsTheJSONIsOneLineThatReadsBack() throws {
        let hostile = (0...255).map { String(UnicodeScalar(UInt8($0))) }.joined() + "\u{2028}\u{1F512}"
        let record = self.record(
            "x",
            metadata: [
                hostile: .string(hostile), "list": [.string(hostile), "b"], "nested": ["k\"": .string(hostile)],
                "nan": .stringConvertible(Double.nan), "half": .stringConvertible(0.5),
            ]
        )
        #expect(!record.json.utf8.contains(UInt8(ascii: "\n")))
        let object = try Self.parse(record.json)
        #expect(object[hostile] as? String == hostile)
        #expect(object["list"] as? [String] == [hostile, "b"])
        #expect((object["nested"] as? [String: String]) == ["k\"": hostile])
        #expect(object["nan"] as? String == "nan")
        #expect(object["half"] as? Double == 0.5)
    }

    private static func parse(_ text: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }
}
