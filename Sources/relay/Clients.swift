import ArgumentParser
import SSHServer
import SSHSystem

struct Clients: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clients",
        abstract: "List the keys that may log in, and what each may do.",
        discussion: """
            Account, key, comment, where it may listen, what it may open, and until when: aligned on a terminal, else separated by tabs. \
            Files in homes are looked into only with --account; certificates, and keys that a command names, are not listed.
            """,
        helpNames: .long
    )

    @OptionGroup var register: RegisterOptions

    @Option(help: "Only that account's.")
    var account: String?

    @Flag(help: "Print a JSON object for each key.")
    var json = false

    func run() throws {
        try self.register.use { register in
            let (clients, problems) = try register.clients(account: self.account)
            if self.json {
                for client in clients { print(client.json) }
            } else {
                Terminal.write(OperatorTable(names: RegisteredClient.columnNames, rows: clients.map(\.columns)))
            }
            for problem in problems { _ = ReportedFailure.failure("relay: \(problem.escapedForTerminal())") }
        }
    }
}
