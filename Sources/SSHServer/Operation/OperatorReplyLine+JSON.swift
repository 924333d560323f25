import Logging
import SSHConfiguration
import SSHSystem

/// The lines as the socket and `--json` have them. What a peer has chosen is escaped as in the log, and is ASCII then.
extension OperatorReplyLine {
    /// With its end.
    var line: String {
        ControlProtocol.line { writer in
            writer.add("reply", text: self.kind)
            self.write(to: &writer)
        }
    }

    /// One JSON object for programs: what the line says, without what only the socket needs.
    public var json: String {
        var writer = JSONObjectWriter()
        self.write(to: &writer)
        return writer.text
    }

    private var kind: String {
        switch self {
        case .status: "status"
        case .connection: "connection"
        case .end: "end"
        case .kicked: "kicked"
        case .reloaded: "reloaded"
        case .explained: "explained"
        case .failed: "failed"
        }
    }

    private func write(to writer: inout JSONObjectWriter) {
        switch self {
        case .status(let status): status.write(to: &writer)
        case .connection(let summary): summary.write(to: &writer)
        case .end, .reloaded: break
        case .kicked(let count): writer.add("connections", number: count)
        case .explained(let isPermitted, let lines):
            writer.add("permitted", .stringConvertible(isPermitted))
            writer.add("lines", texts: lines.map(\.escapedForLog))
        case .failed(let reason): writer.add("reason", text: reason.escapedForLog)
        }
    }

    /// - Parameter line: without its end.
    /// - Throws: `InvalidValue` for what is no such line.
    init(line: some Sequence<UInt8>) throws(InvalidValue) {
        var members = try ControlProtocol.members(of: try JSONReader.read(line))
        switch try members.text("reply") {
        case "status": self = .status(try RelayStatus(&members))
        case "connection": self = .connection(try ConnectionSummary(&members))
        case "end": self = .end
        case "kicked": self = .kicked(try members.number("connections"))
        case "reloaded": self = .reloaded
        case "explained":
            self = .explained(isPermitted: try members.flag("permitted"), lines: try members.texts("lines"))
        case "failed": self = .failed(try members.text("reason"))
        case let other: throw InvalidValue("there is no reply \"\(other)\"")
        }
        try members.expectEnd()
    }
}

extension RelayStatus {
    fileprivate func write(to writer: inout JSONObjectWriter) {
        writer.add("version", text: self.version)
        writer.add("process", number: self.process)
        writer.add("since", number: self.since)
        writer.add("connections", number: self.connections)
        writer.add("beginning", number: self.beginning)
        writer.add("listeners", number: self.listeners)
        writer.add("tunnels", number: self.tunnels)
        writer.add("sent", number: self.sent)
        writer.add("received", number: self.received)
    }

    fileprivate init(_ members: inout JSONMembers) throws(InvalidValue) {
        self.init(
            version: try members.text("version"),
            process: try members.number("process"),
            since: try members.number("since")
        )
        self.connections = try members.number("connections")
        self.beginning = try members.number("beginning")
        self.listeners = try members.number("listeners")
        self.tunnels = try members.number("tunnels")
        self.sent = try members.number("sent")
        self.received = try members.number("received")
    }
}

extension ConnectionSummary {
    fileprivate func write(to writer: inout JSONObjectWriter) {
        writer.add("connection", number: self.connection)
        writer.add("account", text: self.account.escapedForLog)
        writer.add("key", text: self.key)
        writer.add("address", text: self.address)
        writer.add("port", number: self.port)
        writer.add("since", number: self.since)
        writer.add("listeners", objects: self.listeners) { $0.write(to: &$1) }
        writer.add("listenerCount", number: self.listenerCount)
        writer.add("tunnels", number: self.tunnels)
        writer.add("sent", number: self.sent)
        writer.add("received", number: self.received)
    }

    fileprivate init(_ members: inout JSONMembers) throws(InvalidValue) {
        self.init(
            connection: try members.number("connection"),
            account: try members.text("account"),
            key: try members.text("key"),
            address: try members.text("address"),
            port: try members.number("port"),
            since: try members.number("since"),
            listeners: try members.list("listeners").map { value throws(InvalidValue) in try Listener(value) },
            listenerCount: try members.number("listenerCount"),
            tunnels: try members.number("tunnels"),
            sent: try members.number("sent"),
            received: try members.number("received")
        )
    }
}

extension ConnectionSummary.Listener {
    fileprivate func write(to writer: inout JSONObjectWriter) {
        switch self {
        case .port(let port, let host, let addresses):
            writer.add("host", text: host.escapedForLog)
            writer.add("port", number: port)
            writer.add("addresses", texts: addresses)
        case .path(let path): writer.add("path", text: path.escapedForLog)
        case .name(let name, let port):
            writer.add("name", text: name)
            writer.add("port", number: port)
        }
    }

    fileprivate init(_ value: JSONValue) throws(InvalidValue) {
        var members = try JSONMembers(value)
        if members.has("path") {
            self = .path(try members.text("path"))
        } else if members.has("name") {
            self = .name(try members.text("name"), try members.number("port"))
        } else {
            self = .port(
                try members.number("port"),
                host: try members.text("host"),
                addresses: try members.texts("addresses")
            )
        }
        try members.expectEnd()
    }
}
