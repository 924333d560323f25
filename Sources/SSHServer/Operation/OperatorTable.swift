/// Columns for people and for programs: aligned below their names on a terminal, else separated by tabs.
public struct OperatorTable: Sendable {
    private let names: [String]
    private let rows: [[String]]

    /// - Parameter rows: no text in them is empty or has a space.
    package init(names: [String], rows: [[String]] = []) {
        (self.names, self.rows) = (names, rows)
    }

    public init(_ summaries: [ConnectionSummary]) {
        self.init(
            names: [
                "CONNECTION", "ACCOUNT", "KEY", "ADDRESS", "PORT", "SINCE", "LISTENERS", "TUNNELS", "SENT", "RECEIVED",
            ],
            rows: summaries.map(\.columns)
        )
    }

    public init(_ status: RelayStatus) {
        let rows = [
            ["version", status.version.printable], ["process", "\(status.process)"],
            ["since", LogTime.text(status.since)], ["connections", "\(status.connections)"],
            ["beginning", "\(status.beginning)"], ["listeners", "\(status.listeners)"],
            ["tunnels", "\(status.tunnels)"], ["sent", "\(status.sent)"], ["received", "\(status.received)"],
        ]
        self.init(names: [], rows: rows)
    }

    /// One line a row, with the columns' names above.
    public var aligned: [String] {
        let all = (self.names.isEmpty ? [] : [self.names]) + self.rows
        var widths: [Int] = []
        for row in all {
            for (index, text) in row.enumerated() {
                if index == widths.count { widths.append(0) }
                widths[index] = max(widths[index], text.utf8.count)
            }
        }
        return all.map { row in
            let columns = row.enumerated().map { index, text in
                // Nothing stands behind the last one.
                let padding = index == row.count - 1 ? 0 : widths[index] - text.utf8.count
                return text + String(repeating: " ", count: padding)
            }
            return columns.joined(separator: "  ")
        }
    }

    /// One line a row, without names.
    public var tabbed: [String] { self.rows.map { $0.joined(separator: "\t") } }
}

extension ConnectionSummary {
    /// None is empty or has a space in it.
    fileprivate var columns: [String] {
        var names = self.listeners.map(\.column)
        if self.listenerCount > names.count { names.append("+\(self.listenerCount - names.count)") }
        return [
            "\(self.connection)", self.account.word, self.key.word, self.address.word, "\(self.port)",
            LogTime.text(self.since), names.isEmpty ? "-" : names.joined(separator: ","), "\(self.tunnels)",
            "\(self.sent)", "\(self.received)",
        ]
    }
}

extension ConnectionSummary.Listener {
    /// One word for the place where it is.
    var column: String {
        switch self {
        case .path(let path): path.word
        case .name(let name, let port): "\(name.word):\(port)"
        case .port(let port, let host, _):
            host.isEmpty ? "*:\(port)" : host.contains(":") ? "[\(host.word)]:\(port)" : "\(host.word):\(port)"
        }
    }
}

extension LogTime {
    /// `2026-01-31T23:59:59Z`.
    static func text(_ seconds: UInt64) -> String {
        let text = LogTime(seconds: Int(clamping: seconds), milliseconds: 0).rfc3339
        return "\(text.prefix(19))Z"
    }
}

extension String {
    /// On one line, and nothing in it that a terminal obeys; what was escaped before stays as it is.
    var printable: String { self.escaped { !(0x20...0x7e).contains($0) } }

    /// The same as one column, and one of a list in it.
    var word: String {
        self.isEmpty ? "-" : self.escaped { !(0x21...0x7e).contains($0) || $0 == UInt8(ascii: ",") }
    }

    private func escaped(where mustBe: (UInt8) -> Bool) -> String {
        guard self.utf8.contains(where: mustBe) else { return self }
        var escaped: [UInt8] = []
        for byte in self.utf8 {
            guard mustBe(byte) else {
                escaped.append(byte)
                continue
            }
            escaped += [UInt8(ascii: "\\"), 48 + byte >> 6, 48 + byte >> 3 & 7, 48 + byte & 7]
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
