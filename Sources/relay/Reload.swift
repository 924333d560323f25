import ArgumentParser
import Glibc
import SSHServer
import SSHSystem
import SSHWire

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Check the configuration, and tell the running relay to read it again.",
        helpNames: .long
    )

    @Option(name: .customShort("f"), help: "The configuration file that the running relay reads.")
    var configurationFile = "/etc/relay/relay_config"

    func run() throws {
        do {
            let configuration = try ServerConfiguration.load(file: self.configurationFile, supported: .all)
            guard let path = configuration.pidFile else {
                throw SSHError(.system, "there is no PidFile that says which process to tell; send it SIGHUP")
            }
            let process = try PidFile.read(path)
            guard kill(process, SIGHUP) == 0 else {
                throw SSHError(.system, "process \(process) of \(path): \(SystemError())")
            }
        } catch let error as SSHError {
            throw ReportedFailure.failure(
                "relay: \(error.reason)",
                status: error.code == .invalidConfiguration ? 255 : 1
            )
        }
    }
}
