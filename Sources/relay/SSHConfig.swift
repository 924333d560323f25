import ArgumentParser
import SSHServer
import SSHWire

struct SSHConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh-config",
        abstract:
            "Print the lines of ssh_config with which ssh, scp, sftp and rsync reach devices by name through the relay.",
        discussion: "For ~/.ssh/config of a laptop: relay ssh-config --account fleet --host relay.example.com",
        helpNames: .long
    )

    @Option(name: .customShort("f"), help: "The configuration file that the relay reads.")
    var configurationFile = "/etc/relay/relay_config"

    @Option(help: "The account in which the devices are.")
    var account: String

    @Option(help: "Hosts that are meant, as ssh_config's Host has them (default: those of Names).")
    var hostPattern: [String] = []

    @Option(help: "The name by which laptops reach the relay (default: this machine's).")
    var host: String?

    @Option(
        name: .shortAndLong,
        help: "The port by which laptops reach the relay (default: that of the configuration)."
    )
    var port: UInt16?

    @Flag(help: "Leave out that ssh asks the relay for devices' host keys.")
    var noHostKeys = false

    func run() throws {
        do {
            let configuration = try ServerConfiguration.load(file: self.configurationFile, supported: .all)
            let laptop = try LaptopConfiguration(
                configuration,
                account: self.account,
                patterns: self.hostPattern,
                host: self.host ?? MachineName.text,
                port: self.port,
                takesHostKeys: !self.noHostKeys
            )
            for line in laptop.lines { print(line) }
        } catch let error as SSHError {
            throw ReportedFailure.failure(error)
        }
    }
}
