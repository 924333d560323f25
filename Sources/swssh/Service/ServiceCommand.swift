import Glibc
import SSHClient
import SSHSystem
import SSHWire

/// `--service install|remove|status HOST`.
struct ServiceCommand {
    let action: ServiceAction
    let line: ClientCommandLine
    /// What stood on the command line but for `--service` and its word.
    let arguments: [String]
    let environment: LocalEnvironment

    /// - Returns: the exit status.
    func run() throws -> Int32 {
        let manager = ServiceManager(self.environment)
        switch self.action {
        case .install: try self.install(manager)
        case .remove: try self.remove(manager)
        case .status:
            _ = try manager.status(of: ["status", "--no-pager", "--lines=5", self.unitName])
            return StatusQuery(host: self.line.host, printsJSON: false).run(self.environment)
        }
        return 0
    }

    private var unitName: String { "swssh-\(UnitWords.escaped(self.line.host)).service" }

    private func install(_ manager: ServiceManager) throws {
        let owner = try self.owner(manager)
        try self.check(as: owner)
        let unit = ServiceUnit(
            host: self.line.host,
            manager: manager.isSystem ? .system(user: owner.userName, home: owner.homeDirectory) : .user,
            program: try Self.ownPath(),
            arguments: self.arguments
        )
        let text = try unit.text()
        let isNew = try manager.unit(unit.name) != text
        if isNew {
            try manager.write(unit.name, text)
            try manager.control(["daemon-reload"])
        }
        try manager.control(["enable", "--quiet", unit.name])
        // It is ready when all forwards stand, which nobody waits for here.
        try manager.control([isNew ? "restart" : "start", "--no-block", unit.name])
        print("\(manager.folder)/\(unit.name) is \(isNew ? "written" : "as it was"), enabled and started.")
        guard !manager.isSystem, access("/var/lib/systemd/linger/\(owner.userName)", F_OK) != 0 else { return }
        print("It runs while you are logged in; `loginctl enable-linger` lets it run from the machine's start on.")
    }

    private func remove(_ manager: ServiceManager) throws {
        let name = self.unitName
        guard try manager.unit(name) != nil else { return print("There is no \(name).") }
        try manager.control(["disable", "--now", "--quiet", name])
        try manager.remove(name)
        try manager.control(["daemon-reload"])
        // Nothing is to be forgotten of a unit that did not fail.
        _ = try manager.status(of: ["--quiet", "reset-failed", name])
        print("\(name) is stopped and removed.")
    }

    /// Who runs the service: who asked sudo(8) for it, or the user of this process.
    private func owner(_ manager: ServiceManager) throws -> LocalEnvironment {
        var owner = self.environment
        owner.isService = true
        guard manager.isSystem, let name = self.environment.variable("SUDO_USER"), name != owner.userName else {
            return owner
        }
        guard let entry = try UserDatabase.account(name), let home = entry.home else {
            throw SSHError(.system, "there is no user \(name)")
        }
        (owner.userName, owner.userID, owner.homeDirectory) = (name, entry.userID, home)
        return owner
    }

    /// What cannot work is said now, and not in the journal of a service that starts again and again.
    private func check(as owner: LocalEnvironment) throws {
        guard self.line.command.isEmpty else {
            throw SSHError(.invalidConfiguration, "a service runs no command: there is only forwarding")
        }
        let line = try ClientCommandLine.parse(["-N", "-o", "Reconnect=yes"] + self.arguments, environment: owner)
        guard case .connect(let line) = line, !line.printsConfiguration else {
            throw SSHError(.invalidConfiguration, "--service takes the options of a connection")
        }
        if case .only(let file) = line.configurationFile, file.first != "/" {
            throw SSHError(.invalidConfiguration, "a service starts in no folder: name \(file) with its whole path")
        }
        let configuration = try ClientConfiguration.load(line, environment: owner)
        guard !configuration.forkAfterAuthentication else {
            throw SSHError(.invalidConfiguration, "a service stays in the foreground: leave -f away")
        }
        guard configuration.reconnect, !configuration.forwardRequests.isEmpty else {
            throw SSHError(
                .invalidConfiguration,
                "\(self.line.host) has no forwards: name them with -R, -L or -D, or in \(owner.homeDirectory)/.ssh/config"
            )
        }
    }

    private static func ownPath() throws -> String {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &path, path.count)
        guard length > 0 else { throw SSHError(.system, "/proc/self/exe: \(SystemError())") }
        return String(decoding: path.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
