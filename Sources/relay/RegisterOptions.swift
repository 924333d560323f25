import ArgumentParser
import SSHServer
import SSHSystem
import SSHWire

/// Whose files are looked into or changed, by the configuration that the relay reads.
struct RegisterOptions: ParsableArguments {
    @Option(name: .customShort("f"), help: "The configuration file that the relay reads.")
    var configurationFile = "/etc/relay/relay_config"

    /// What goes wrong is said, and ends the program.
    func use(_ body: (ClientRegister) throws -> Void) throws {
        do {
            try body(ClientRegister(ServerConfiguration.load(file: self.configurationFile, supported: .all)))
        } catch let error as SSHError {
            throw ReportedFailure.failure(error)
        } catch let error as SystemError {
            throw ReportedFailure.failure("relay: \(error)")
        }
    }
}
