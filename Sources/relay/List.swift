import ArgumentParser
import SSHServer

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List who is logged in to the running relay.",
        discussion: """
            Connection number, account, key, address, port, since when, listeners, open tunnels, bytes from the client and \
            bytes to it: aligned on a terminal, else separated by tabs.
            """,
        helpNames: .long
    )

    @OptionGroup var relay: RunningRelayOptions

    @Flag(help: "Print a JSON object for each connection.")
    var json = false

    func run() throws {
        var summaries: [ConnectionSummary] = []
        try self.relay.ask(.list) { line in
            guard case .connection(let summary) = line else { return }
            if self.json { print(line.json) } else { summaries.append(summary) }
        }
        if !self.json { Terminal.write(OperatorTable(summaries)) }
    }
}
