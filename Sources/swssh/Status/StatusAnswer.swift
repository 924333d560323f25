import Glibc
import NIOCore
import SSHSystem
import SSHWire

/// What a running program says of itself: whether all stands, an object of JSON, and lines for people.
struct StatusAnswer {
    private static let version = "swssh-status-1"
    /// No program has so much to say.
    static let longest = 1 << 20

    let stands: Bool
    let json: String
    let lines: [String]

    init(_ status: TunnelStatus, now: NIODeadline = .now()) {
        self.stands = status.stands
        self.json = status.json(process: getpid(), now: now, secondsNow: time(nil))
        self.lines = status.text(now: now)
    }

    var text: String {
        let escaped = self.lines.map { $0.escapedForTerminal() }
        return ([Self.version, self.stands ? "stands" : "waits", self.json] + escaped).joined(separator: "\n") + "\n"
    }

    /// - Throws: `system` if that is no answer.
    init(_ bytes: [UInt8]) throws {
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 4, lines.last == "", lines[0] == Self.version, ["stands", "waits"].contains(lines[1])
        else {
            throw SSHError(.system, "what answers is no swssh of this version")
        }
        lines.removeLast()
        self.stands = lines[1] == "stands"
        self.json = String(lines[2])
        self.lines = lines[3...].map(String.init)
    }
}
