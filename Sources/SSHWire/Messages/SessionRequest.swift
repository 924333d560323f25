public import NIOCore

/// What is asked on a session's channel (RFC 4254 §6): the name and the fields of a `ChannelRequest`.
public enum SessionRequest: Sendable, Hashable {
    /// `pty-req` (§6.2).
    case pseudoTerminal(PseudoTerminal)
    /// `x11-req` (§6.3.1), its fields unread.
    case x11Forwarding(ByteBuffer)
    /// `auth-agent-req@openssh.com` (OpenSSH's PROTOCOL.agent).
    case agentForwarding
    /// `env` (§6.4). Neither need be text.
    case environment(name: ByteBuffer, value: ByteBuffer)
    /// `shell` (§6.5).
    case shell
    /// `exec` (§6.5). The command is what the other side's shell is given, in whatever encoding it has.
    case execute(command: ByteBuffer)
    /// `subsystem` (§6.5).
    case subsystem(name: String)
    /// `window-change` (§6.7); never answered.
    case windowChange(TerminalSize)
    /// `xon-xoff` (§6.8): whether the client may do flow control by itself; never answered.
    case flowControl(byClient: Bool)
    /// `signal` (§6.9), without `SIG`; never answered.
    case signal(name: String)
    /// `exit-status` (§6.10); never answered.
    case exitStatus(UInt32)
    /// `exit-signal` (§6.10); never answered.
    case exitSignal(ExitSignal)
    /// `break` (RFC 4335 §3), in milliseconds.
    case breakOperation(milliseconds: UInt32)
    /// `eow@openssh.com` (OpenSSH's PROTOCOL §2.1): the sender reads nothing more.
    case endOfWrite
    /// Any other, with its fields unread.
    case other(name: String, data: ByteBuffer)

    /// - Throws: what is wrong with the fields of a request that is known here.
    public init(name: String, data: ByteBuffer) throws {
        var reader = WireReader(data)
        switch name {
        case "pty-req": self = .pseudoTerminal(try PseudoTerminal(from: &reader))
        case "x11-req": self = .x11Forwarding(reader.readRemaining())
        case "auth-agent-req@openssh.com": self = .agentForwarding
        case "env": self = .environment(name: try reader.readString(), value: try reader.readString())
        case "shell": self = .shell
        case "exec": self = .execute(command: try reader.readString())
        case "subsystem": self = .subsystem(name: try reader.readText())
        case "window-change": self = .windowChange(try TerminalSize(from: &reader))
        case "xon-xoff": self = .flowControl(byClient: try reader.readBoolean())
        case "signal": self = .signal(name: try reader.readText(limit: 256))
        case "exit-status": self = .exitStatus(try reader.readUInt32())
        case "exit-signal": self = .exitSignal(try ExitSignal(from: &reader))
        case "break": self = .breakOperation(milliseconds: try reader.readUInt32())
        case "eow@openssh.com": self = .endOfWrite
        default: self = .other(name: name, data: data)
        }
    }

    public var name: String {
        switch self {
        case .pseudoTerminal: "pty-req"
        case .x11Forwarding: "x11-req"
        case .agentForwarding: "auth-agent-req@openssh.com"
        case .environment: "env"
        case .shell: "shell"
        case .execute: "exec"
        case .subsystem: "subsystem"
        case .windowChange: "window-change"
        case .flowControl: "xon-xoff"
        case .signal: "signal"
        case .exitStatus: "exit-status"
        case .exitSignal: "exit-signal"
        case .breakOperation: "break"
        case .endOfWrite: "eow@openssh.com"
        case .other(let name, _): name
        }
    }

    /// The fields behind `name` and `want reply`.
    public var data: ByteBuffer {
        var writer = WireWriter()
        switch self {
        case .agentForwarding, .shell, .endOfWrite: break
        case .pseudoTerminal(let terminal): terminal.write(to: &writer)
        case .x11Forwarding(let data), .other(_, let data): return data
        case .environment(let name, let value):
            writer.writeString(name)
            writer.writeString(value)
        case .execute(let command): writer.writeString(command)
        case .subsystem(let name), .signal(let name): writer.writeText(name)
        case .windowChange(let size): size.write(to: &writer)
        case .flowControl(let byClient): writer.writeBoolean(byClient)
        case .exitStatus(let status), .breakOperation(let status): writer.writeUInt32(status)
        case .exitSignal(let signal): signal.write(to: &writer)
        }
        return writer.buffer
    }
}

/// A terminal's size, in characters and in pixels; zeros are to be ignored (RFC 4254 §6.2).
public struct TerminalSize: Sendable, Hashable {
    public var columns: UInt32
    public var rows: UInt32
    public var pixelWidth: UInt32
    public var pixelHeight: UInt32

    public init(columns: UInt32, rows: UInt32, pixelWidth: UInt32 = 0, pixelHeight: UInt32 = 0) {
        self.columns = columns
        self.rows = rows
        self.pixelWidth = pixelWidth
        self.pixelHeight = pixelHeight
    }

    init(from reader: inout WireReader) throws {
        self.columns = try reader.readUInt32()
        self.rows = try reader.readUInt32()
        self.pixelWidth = try reader.readUInt32()
        self.pixelHeight = try reader.readUInt32()
    }

    func write(to writer: inout WireWriter) {
        for value in [self.columns, self.rows, self.pixelWidth, self.pixelHeight] { writer.writeUInt32(value) }
    }
}

/// `pty-req` (RFC 4254 §6.2).
public struct PseudoTerminal: Sendable, Hashable {
    /// The value of `TERM`.
    public var type: String
    public var size: TerminalSize
    /// The terminal's modes as they are on the wire (RFC 4254 §8).
    public var modes: ByteBuffer

    public init(type: String, size: TerminalSize, modes: ByteBuffer = ByteBuffer()) {
        self.type = type
        self.size = size
        self.modes = modes
    }

    init(from reader: inout WireReader) throws {
        self.type = try reader.readText()
        self.size = try TerminalSize(from: &reader)
        self.modes = try reader.readString()
    }

    func write(to writer: inout WireWriter) {
        writer.writeText(self.type)
        self.size.write(to: &writer)
        writer.writeString(self.modes)
    }
}

/// `exit-signal` (RFC 4254 §6.10).
public struct ExitSignal: Sendable, Hashable {
    /// Without `SIG`.
    public var name: String
    public var dumpedCore: Bool
    /// In UTF-8 if the peer keeps to the rules; not to be printed raw.
    public var message: String

    public init(name: String, dumpedCore: Bool = false, message: String = "") {
        self.name = name
        self.dumpedCore = dumpedCore
        self.message = message
    }

    init(from reader: inout WireReader) throws {
        self.name = try reader.readText(limit: 256)
        self.dumpedCore = try reader.readBoolean()
        self.message = try reader.readRemark()
        _ = try reader.readString()
    }

    func write(to writer: inout WireWriter) {
        writer.writeText(self.name)
        writer.writeBoolean(self.dumpedCore)
        writer.writeText(self.message)
        writer.writeText("")
    }
}
