import Foundation
import SSHConfiguration
import Testing

@testable import SSHServer

struct OperatorReplyLineTests {
    private static let hostile = "a\u{1b}[2J\nb\u{9b}\u{202e},\t \"\\\u{e9}"

    private static func summary(_ text: String) -> ConnectionSummary {
        ConnectionSummary(
            connection: .max,
            account: text,
            key: "SHA256:abc",
            address: "2001:db8::1",
            port: 65535,
            since: 1_798_761_599,
            listeners: [.port(8080, host: text, addresses: ["127.0.0.1", "::1"]), .path("/run/\(text)")],
            listenerCount: 3,
            tunnels: 1,
            sent: .max,
            received: 0
        )
    }

    @Test func everyLineReadsBack() throws {
        var status = RelayStatus(version: "relay 0.1", process: 4711, since: 1_798_761_599)
        (status.connections, status.beginning, status.listeners, status.tunnels) = (1, 2, 3, 4)
        (status.sent, status.received) = (.max, 6)
        let lines: [OperatorReplyLine] = [
            .status(status), .connection(Self.summary("device")), .end, .kicked(3), .reloaded,
            .explained(isPermitted: true, lines: ["yes  a"]), .failed("why"),
        ]
        for line in lines {
            #expect(line.line.hasPrefix("{\"relay\":1,\"reply\":\"") && line.line.hasSuffix("}\n"))
            #expect(try OperatorReplyLine(line: line.line.utf8.dropLast()) == line)
        }
    }

    /// The members that scripts rely on.
    @Test func aConnectionIsOneObjectForPrograms() {
        #expect(
            OperatorReplyLine.connection(Self.summary("é")).json == """
                {"connection":18446744073709551615,"account":"\\\\303\\\\251","key":"SHA256:abc",\
                "address":"2001:db8::1","port":65535,"since":1798761599,"listeners":[\
                {"host":"\\\\303\\\\251","port":8080,"addresses":["127.0.0.1","::1"]},\
                {"path":"/run/\\\\303\\\\251"}],"listenerCount":3,"tunnels":1,\
                "sent":18446744073709551615,"received":0}
                """
        )
    }

    @Test func nothingThatAPeerHasChosenReachesATerminalOrALineOfItsOwn() throws {
        let line = OperatorReplyLine.connection(Self.summary(Self.hostile))
        let isPlain = line.line.utf8.dropLast().allSatisfy { (0x20...0x7e).contains($0) }
        #expect(isPlain)
        guard case .connection(let read) = try OperatorReplyLine(line: line.line.utf8.dropLast()) else { return }
        // What answers at the socket need not be a relay: the table trusts nobody.
        for summary in [read, Self.summary(Self.hostile)] {
            let table = OperatorTable([summary])
            let rows = table.tabbed + table.aligned
            #expect(rows.count == 3)
            for row in rows {
                let isPlain = row.utf8.allSatisfy { $0 == 9 || (0x20...0x7e).contains($0) }
                #expect(isPlain)
            }
            let columns = table.tabbed[0].split(separator: "\t", omittingEmptySubsequences: false)
            #expect(columns.count == 10)
            #expect(columns[6].split(separator: ",").count == 3)
        }
    }

    @Test func columnsStandBelowTheirNames() {
        let rows = OperatorTable([Self.summary("a"), Self.summary("device")]).aligned
        #expect(rows.count == 3)
        let columns = zip(rows, ["KEY", "SHA256", "SHA256"]).map { row, word in
            row.range(of: word)?.lowerBound.utf16Offset(in: row)
        }
        #expect(columns[0] != nil && columns[1] == columns[0] && columns[2] == columns[0])
        #expect(rows[1].contains("2026-12-31T23:59:59Z  a:8080,/run/a,+1  "))
        #expect(
            OperatorTable([ConnectionSummary]()).tabbed.isEmpty
                && OperatorTable([ConnectionSummary]()).aligned.count == 1
        )
    }

    @Test(arguments: [
        "", "{}", #"{"relay":1,"reply":"what"}"#, #"{"relay":1,"reply":"kicked","connections":"1"}"#,
        #"{"relay":1,"reply":"end","more":1}"#, #"{"relay":1,"reply":"connection"}"#, #"{"relay":2,"reply":"end"}"#,
        #"{"relay":1,"reply":"kicked","connections":9223372036854775808}"#,
    ])
    func whatIsNoReplyIsRefused(_ line: String) {
        #expect(throws: InvalidValue.self) { try OperatorReplyLine(line: line.utf8) }
    }
}
