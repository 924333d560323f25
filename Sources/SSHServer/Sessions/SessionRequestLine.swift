import NIOCore
import SSHConfiguration
import SSHSystem

/// What a client asks in a session, read from the text of its command.
struct SessionRequestLine: Hashable {
    enum Question: Hashable {
        case whoami
        case help
        case list(isRepeated: Bool)
        case connect(DeviceName, port: UInt16, life: ConnectPorts.Life)
        case disconnect(DeviceName)
        case kick(KickTarget)
        case log(DeviceName, isFollowed: Bool)
        /// The keys of a host as known_hosts calls it: `nuc`, `[nuc]:2222`.
        case hostKeys(String)
        /// Keys for a device; nil for the one that the caller's key is named after.
        case addHostKeys(DeviceName?)
        /// By the name that the device wants; whether that is one is for the enrolment to say.
        case enroll(String)
    }

    let name: SessionCommandName
    let question: Question
    let wantsJSON: Bool

    /// - Returns: nil if the first word is no command of the relay's.
    static func name(in text: String) -> SessionCommandName? {
        Self.words(in: text).first.flatMap(SessionCommandName.init(rawValue:))
    }

    /// - Throws: `InvalidValue` with the command's usage.
    init(_ name: SessionCommandName, _ text: String) throws(InvalidValue) {
        var words = SessionWords(Self.words(in: text).dropFirst(), of: name)
        self.name = name
        self.wantsJSON = words.takeFlag("--json")
        switch name {
        case .whoami: self.question = .whoami
        case .help: self.question = .help
        case .list: self.question = .list(isRepeated: words.takeFlag("--watch"))
        case .connect:
            let life = ConnectPorts.Life(
                total: .seconds(Int64(try words.takeTime("--ttl", otherwise: 3600, most: 7 * 86_400))),
                idle: .seconds(Int64(try words.takeTime("--idle", otherwise: 600, most: 7 * 86_400)))
            )
            let (device, port) = try words.device()
            self.question = .connect(device, port: port ?? 22, life: life)
        case .disconnect: self.question = .disconnect(try words.device().name)
        case .kick:
            guard let target = KickTarget(try words.next()) else { throw words.usage }
            self.question = .kick(target)
        case .log:
            let isFollowed = words.takeFlag("-f")
            self.question = .log(try words.device().name, isFollowed: isFollowed)
        case .hostKeys:
            let word = try words.next()
            self.question =
                word == "add" ? .addHostKeys(words.isEmpty ? nil : try words.device().name) : .hostKeys(word)
        case .enroll: self.question = .enroll(try words.next())
        }
        guard words.isEmpty else { throw words.usage }
    }

    private static func words(in text: String) -> [String] {
        text.split { $0 == " " || $0 == "\t" || $0 == "\n" }.map(String.init)
    }
}

/// The words behind a command's name.
private struct SessionWords {
    private var words: [String]
    private let name: SessionCommandName

    init(_ words: some Sequence<String>, of name: SessionCommandName) {
        self.words = Array(words)
        self.name = name
    }

    var isEmpty: Bool { self.words.isEmpty }
    var usage: InvalidValue { InvalidValue("usage: \(self.name.usage)") }

    mutating func takeFlag(_ flag: String) -> Bool {
        guard let index = self.words.firstIndex(of: flag) else { return false }
        self.words.remove(at: index)
        return true
    }

    /// - Parameter most: seconds.
    mutating func takeTime(_ option: String, otherwise standard: Int32, most: Int32) throws(InvalidValue) -> Int32 {
        guard let index = self.words.firstIndex(of: option) else { return standard }
        guard index + 1 < self.words.count, let seconds = ConfigurationTime.seconds(self.words[index + 1]),
            (1...most).contains(seconds)
        else { throw InvalidValue("\(option) takes a time such as 90s, 10m or 1h, of at most \(most / 86_400) days") }
        self.words.removeSubrange(index...(index + 1))
        return seconds
    }

    mutating func next() throws(InvalidValue) -> String {
        guard !self.words.isEmpty else { throw self.usage }
        return self.words.removeFirst()
    }

    /// `nuc` or `nuc:22`.
    mutating func device() throws(InvalidValue) -> (name: DeviceName, port: UInt16?) {
        let word = try self.next()
        guard let colon = word.lastIndex(of: ":") else { return (try DeviceName(word), nil) }
        guard let port = UInt16(word[word.index(after: colon)...]), port > 0 else { throw self.usage }
        return (try DeviceName(String(word[..<colon])), port)
    }
}

extension SessionCommandName {
    var usage: String {
        switch self {
        case .whoami: "whoami [--json]"
        case .help: "help"
        case .list: "list [--json] [--watch]"
        case .connect: "connect NAME[:PORT] [--ttl 1h] [--idle 10m] [--json]"
        case .disconnect: "disconnect NAME [--json]"
        case .kick: "kick NAME|PORT|FINGERPRINT|CONNECTION [--json]"
        case .log: "log NAME [-f] [--json]"
        case .hostKeys: "host-keys HOST, or host-keys add [NAME] < ssh_host_ed25519_key.pub"
        case .enroll: "enroll NAME [--json] < id_ed25519.pub"
        }
    }

    /// What it does, in a line.
    var summary: String {
        switch self {
        case .whoami: "who you are here, and what you may do"
        case .help: "this list"
        case .list: "devices and ports of your account"
        case .connect: "open a port that leads to a device"
        case .disconnect: "close it, and what runs through it"
        case .kick: "end a connection of your account"
        case .log: "what happened to a device"
        case .hostKeys: "a device's own SSH host keys"
        case .enroll: "let this device's key in, under a name; further keys are its SSH host keys"
        }
    }
}
