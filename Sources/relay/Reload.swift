import ArgumentParser
import Glibc
import SSHServer
import SSHSystem
import SSHWire

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Check the configuration, and tell the running relay to read it again.",
        discussion:
            "Where the relay has a ControlSocket, this says whether the new configuration holds; else it sends SIGHUP.",
        helpNames: .long
    )

    @Option(name: .customShort("f"), help: "The configuration file that the running relay reads.")
    var configurationFile = "/etc/relay/relay_config"

    func run() throws {
        do {
            let configuration = try ServerConfiguration.load(file: self.configurationFile, supported: .all)
            if let client = Self.client(configuration) {
                // Commands may have to be asked about every account: that takes as long as it takes.
                try client.ask(.reload, patience: nil) { _ in }
            } else {
                try Self.sendSignal(configuration)
            }
        } catch let error as SSHError {
            throw ReportedFailure.failure(error)
        }
    }

    /// nil where no relay listens: the running one may not know of this ControlSocket yet.
    private static func client(_ configuration: ServerConfiguration) -> ControlSocketClient? {
        configuration.controlSocketPath.flatMap { path in try? ControlSocketClient(path: path) }
    }

    private static func sendSignal(_ configuration: ServerConfiguration) throws {
        guard let path = configuration.pidFile else {
            throw SSHError(.system, "there is no PidFile that says which process to tell; send it SIGHUP")
        }
        let process = try PidFile.read(path)
        guard kill(process, SIGHUP) == 0 else {
            throw SSHError(.system, "process \(process) of \(path): \(SystemError())")
        }
    }
}
