import ArgumentParser
import Glibc
import SSHServer
import SSHWire

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say whether a key may do something, and which rules decide, in order.",
        discussion: "Ends with 0 for yes and 1 for no.",
        helpNames: .long
    )

    @Option(name: .customShort("f"), help: "The configuration file.")
    var configurationFile = "/etc/relay/relay_config"

    @Option(help: "The account.")
    var account: String

    @Option(help: "A public key or certificate file, or a fingerprint (SHA256:...).")
    var key: String

    @Option(help: ArgumentHelp("May it listen there (ssh -R)?", valueName: "[host:]port"))
    var listen: String?

    @Option(help: ArgumentHelp("May it open a connection to there (ssh -L, -D, -W, -J)?", valueName: "host:port"))
    var open: String?

    @Option(help: "The client's address.")
    var from = "127.0.0.1"

    func validate() throws {
        guard self.listen == nil || self.open == nil else { throw ValidationError("--listen or --open, not both") }
    }

    func run() throws {
        // Or it would not be heard how a command ended.
        signal(SIGCHLD, SIG_DFL)
        do {
            let configuration = try ServerConfiguration.load(file: self.configurationFile, supported: .all)
            let request = ExplainRequest(
                account: self.account,
                key: try Explanation.Key(argument: self.key),
                question: try self.question(),
                address: self.from
            )
            let explanation = try Explanation(
                request,
                configuration: configuration,
                now: UInt64(clamping: time(nil))
            )
            print(explanation.isPermitted ? "yes" : "no")
            for line in explanation.lines { print("  \(line)") }
            if !explanation.isPermitted { throw ExitCode(1) }
        } catch let error as SSHError {
            throw ReportedFailure.failure("relay: \(error.reason)", status: 255)
        }
    }

    private func question() throws -> Explanation.Question {
        if let listen = self.listen { return .listen(try ForwardAddress(argument: listen, allowsBarePort: true)) }
        if let open = self.open { return .open(try ForwardAddress(argument: open, allowsBarePort: false)) }
        return .logIn
    }
}
