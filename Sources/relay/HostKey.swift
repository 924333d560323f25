import ArgumentParser
import SSHCrypto
import SSHServer
import SSHSystem
import SSHWire

struct HostKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host-key",
        abstract: "Print the relay's public host keys and their fingerprints.",
        discussion: "With a HOST, the lines are those of a known_hosts file. Lines with fingerprints begin with #.",
        helpNames: .long
    )

    @Option(name: .customShort("f"), help: "The configuration file that the relay reads.")
    var configurationFile = "/etc/relay/relay_config"

    @Option(
        name: .shortAndLong,
        help: "The port by which clients reach the relay (default: that of the configuration)."
    )
    var port: UInt16?

    @Argument(help: ArgumentHelp("Names or addresses by which clients reach the relay.", valueName: "host"))
    var hosts: [String] = []

    func run() throws {
        do {
            let configuration = try ServerConfiguration.load(file: self.configurationFile, supported: .all)
            let keys = try PublicHostKeys(configuration)
            for (file, key) in keys.keys {
                print("# \(key.fingerprint) (\(key.displayName)) \(file.escapedForLog)")
                if self.hosts.isEmpty { print(key.openSSHText) }
            }
            for host in self.hosts {
                for line in try keys.knownHostsLines(host, port: self.port) { print(line) }
            }
        } catch let error as SSHError {
            throw ReportedFailure.failure(error)
        }
    }
}
