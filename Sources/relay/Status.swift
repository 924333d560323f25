import ArgumentParser
import SSHServer

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Say how the running relay is doing.",
        helpNames: .long
    )

    @OptionGroup var relay: RunningRelayOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    func run() throws {
        try self.relay.ask(.status) { line in
            guard case .status(let status) = line else { return }
            if self.json { print(line.json) } else { Terminal.write(OperatorTable(status)) }
        }
    }
}
