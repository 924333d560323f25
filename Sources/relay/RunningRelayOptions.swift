import ArgumentParser
import SSHServer
import SSHWire

/// Which running relay is asked, by the configuration that it reads.
struct RunningRelayOptions: ParsableArguments {
    @Option(name: .customShort("f"), help: "The configuration file that the running relay reads.")
    var configurationFile = "/etc/relay/relay_config"

    /// Seconds without a word after which the relay counts as dead.
    private static let patience = 30

    /// Gives the relay a command; what goes wrong is said, and ends the program.
    ///
    /// - Parameter body: is called for each line of the reply.
    func ask(_ command: OperatorCommand, _ body: (OperatorReplyLine) throws -> Void) throws {
        do {
            let configuration = try ServerConfiguration.load(file: self.configurationFile, supported: .all)
            guard let path = configuration.controlSocketPath else {
                throw SSHError(.system, "there is no ControlSocket by which the relay could be asked")
            }
            try ControlSocketClient(path: path).ask(command, patience: Self.patience, body)
        } catch let error as SSHError {
            throw ReportedFailure.failure(error)
        }
    }
}
