import ArgumentParser
import SSHServer

struct Kick: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kick",
        abstract: "End connections of the running relay.",
        discussion: "Prints how many. Ends with 1 if there was none. A client whose key still logs in may come again.",
        helpNames: .long
    )

    @OptionGroup var relay: RunningRelayOptions

    @Argument(
        help: """
            An account, a key's fingerprint (SHA256:...), the port of a listener, or a connection's number; account=, key=, \
            port= or connection= in front says which.
            """
    )
    var what: String

    func run() throws {
        guard let target = KickTarget(self.what) else {
            throw ValidationError("expected an account, SHA256:..., a port or a connection's number")
        }
        try self.relay.ask(.kick(target)) { line in
            guard case .kicked(let count) = line else { return }
            print(count == 1 ? "1 connection ended" : "\(count) connections ended")
            if count == 0 { throw ExitCode(1) }
        }
    }
}
