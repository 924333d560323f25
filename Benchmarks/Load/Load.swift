import ArgumentParser

/// Many light SSH clients in one process, for scripts/bench: a process for each would be what is measured.
@main
struct Load: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh-load",
        abstract: "Log in to a server on this machine, often or many times at once.",
        subcommands: [Logins.self, Hold.self, Fleet.self, Returning.self]
    )
}

/// Where to log in to and as whom. The host's key is not checked: it is our own server.
struct Target: ParsableArguments {
    @Option(help: "The server's port on 127.0.0.1.")
    var port: Int

    @Option(help: "The account.")
    var user: String

    @Option(help: "A file with an ed25519 key.")
    var key: String

    @Option(help: "The key exchange.")
    var kex = "curve25519-sha256"

    @Option(help: "Logins under way at once.")
    var parallel = 8

    func validate() throws {
        guard (1...65535).contains(self.port) else { throw ValidationError("--port is from 1 to 65535") }
        guard self.parallel > 0 else { throw ValidationError("--parallel is 1 or more") }
    }
}
