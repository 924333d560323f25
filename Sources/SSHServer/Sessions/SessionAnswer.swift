import Glibc
import Logging
import NIOCore
import SSHConfiguration
import SSHSystem

/// Carries out one command of a client.
struct SessionAnswer: Sendable {
    /// Between two looks of what repeats.
    static let interval = Duration.seconds(2)
    /// Bytes that are written at a time.
    private static let pieceLength = 16 * 1024

    let caller: SessionCaller
    let context: RelayContext
    let stream: CommandStream
    let wantsJSON: Bool
    /// For what may have to wait for a file system.
    let threads: SpareThreads

    init(
        _ caller: SessionCaller,
        _ context: RelayContext,
        _ stream: CommandStream,
        wantsJSON: Bool,
        threads: SpareThreads
    ) {
        (self.caller, self.context, self.stream, self.wantsJSON) = (caller, context, stream, wantsJSON)
        self.threads = threads
    }

    func answer(_ question: SessionRequestLine.Question) async throws -> SessionCommandEnd {
        switch question {
        case .whoami: try await self.whoami()
        case .help: try await self.help()
        case .list(let isRepeated): return try await self.list(isRepeated: isRepeated)
        case .connect(let name, let port, let life): return try await self.connect(name, port, life)
        case .disconnect(let name): return try await self.disconnect(name)
        case .kick(let target): return try await self.kick(target)
        case .log(let name, let isFollowed): return try await self.log(name, isFollowed: isFollowed)
        case .hostKeys(let host): return try await self.hostKeys(host)
        case .addHostKeys(let name): return try await self.addHostKeys(name)
        case .enroll(let name): return try await self.enroll(name)
        }
        return .success
    }

    /// Writes lines as fast as they are taken.
    func write(_ lines: [String]) async throws {
        var piece = ""
        for line in lines {
            piece += "\(line)\n"
            guard piece.utf8.count >= Self.pieceLength else { continue }
            try await self.stream.write(piece)
            piece = ""
        }
        if !piece.isEmpty { try await self.stream.write(piece) }
    }

    func object(_ body: (inout JSONObjectWriter) -> Void) -> String {
        var writer = JSONObjectWriter()
        body(&writer)
        return writer.text
    }

    /// What changes something stands in the relay's log.
    func note(_ words: String) {
        self.context.logger.info(
            "Session command of user \(self.caller.account.escapedForLog) from \(self.caller.peer): \(words)"
        )
    }

    private func help() async throws {
        try await self.write(self.caller.commands.all.map { "\($0.usage)\n    \($0.summary)" })
    }

    // MARK: Kicking

    private func kick(_ target: KickTarget) async throws -> SessionCommandEnd {
        let connections = self.context.connections
        let who = "user \(self.caller.account.escapedForLog) from \(self.caller.peer)"
        self.note("kick \(target.description)")
        var count = 0
        // A word that is neither a number nor a fingerprint is a device's name, or else the account itself.
        if case .account(let word) = target, let name = try? DeviceName(word) {
            count = await connections.kick(.name(name.text), by: who, within: self.caller.account)
        }
        if count == 0 { count = await connections.kick(target, by: who, within: self.caller.account) }
        if self.wantsJSON {
            try await self.write([self.object { $0.add("connections", number: count) }])
        } else {
            try await self.write([count == 1 ? "1 connection ended" : "\(count) connections ended"])
        }
        return count == 0 ? SessionCommandEnd(status: 1) : .success
    }

    // MARK: Ports on demand

    private func connect(
        _ name: DeviceName,
        _ port: UInt16,
        _ life: ConnectPorts.Life
    ) async throws -> SessionCommandEnd {
        guard case .device(name) = self.caller.policy.meaning(of: name.text) else {
            return .failure("connect: \(name.text) is no device's name here (Names)")
        }
        let device = RegisteredName(name, port: port, of: self.caller.account)
        guard self.context.routes.isReachable(device, self.caller.policy) else {
            return .failure("connect: no device is registered as \(device)")
        }
        let number: UInt16
        do {
            let now = UInt64(clamping: time(nil))
            number = try self.context.routes.connectPorts.open(device, life, now: now, on: self.stream.eventLoop)
        } catch is ConnectPorts.Full {
            return .failure("connect: there are as many ports as there may be; disconnect some", status: 75)
        }
        self.note("connect \(device): port \(number)")
        let command = self.commandToType(number, name)
        if self.wantsJSON {
            let json = self.object { writer in
                writer.add("connected", text: "\(device)")
                writer.add("port", number: number)
                writer.add("command", text: command)
            }
            try await self.write([json])
        } else {
            try await self.write(["connected port=\(number)", command])
        }
        return .success
    }

    /// What leads to the device's SSH server, from where the caller is.
    private func commandToType(_ port: UInt16, _ name: DeviceName) -> String {
        let address = self.caller.localAddress
        let relay = address.contains(":") ? "[\(address)]" : address
        let jump = "\(self.caller.account.escapedForLog)@\(relay):\(self.caller.localPort)"
        return "ssh -J \(jump) -p \(port) -o HostKeyAlias=\(name.text) localhost"
    }

    private func disconnect(_ name: DeviceName) async throws -> SessionCommandEnd {
        let ports = self.context.routes.connectPorts.close(name, of: self.caller.account)
        guard !ports.isEmpty else { return .failure("disconnect: no port leads to \(name.text)") }
        self.note("disconnect \(name.text)")
        if self.wantsJSON {
            let lines = ports.map { port in
                self.object { writer in
                    writer.add("disconnected", text: name.text)
                    writer.add("port", number: port)
                }
            }
            try await self.write(lines)
        } else {
            try await self.write(ports.map { "disconnected port=\($0)" })
        }
        return .success
    }
}
