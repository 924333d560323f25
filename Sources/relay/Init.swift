import ArgumentParser
import Glibc
import SSHCrypto
import SSHServer
import SSHSystem
import SSHWire

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make what a relay needs before its first start: folders, a host key, a configuration.",
        discussion:
            "What is there stays as it is, so this can be repeated. It prints how clients know the relay, and what to type next.",
        helpNames: .long
    )

    @Option(name: .customShort("f"), help: "The configuration file; host key and accounts go into its folder.")
    var configurationFile = "/etc/relay/relay_config"

    @Option(
        help:
            "The folder for what the relay remembers (default: /var/lib/relay for /etc/relay, else `state` beside the file)."
    )
    var state: String?

    @Option(name: .shortAndLong, help: "The port to listen on (default: 22 for /etc/relay, else 2222).")
    var port: UInt16?

    @Option(help: "The name by which clients reach the relay (default: this machine's).")
    var host: String?

    @Option(help: "As whom the relay will run, if root makes it.")
    var user = "relay"

    func run() throws {
        do {
            var setup = try RelaySetup(
                configurationFile: self.configurationFile,
                stateDirectory: self.state,
                port: self.port,
                user: self.user
            )
            let configuration = try setup.run()
            for step in setup.steps { print(step.escapedForTerminal()) }
            let keys = try PublicHostKeys(configuration)
            print("\nClients know the relay by this line of known_hosts:\n")
            for (file, key) in keys.keys { print("# \(key.fingerprint) (\(key.displayName)) \(file.escapedForLog)") }
            for line in try keys.knownHostsLines(self.host ?? MachineName.text, port: nil) { print(line) }
            print(
                "\nNext:\n\n    relay add-client\(self.option) KEY.pub --account fleet --new-account --listen '%k:22' --name nuc"
            )
            print("    \(self.start)")
            if configuration.stateDirectory == nil {
                print(
                    "\nThere is no StateDirectory in \(self.configurationFile.escapedForLog): `relay invite` needs one."
                )
            }
        } catch let error as SSHError {
            throw ReportedFailure.failure(error)
        } catch is UserDatabase.IsAway {
            throw ReportedFailure.failure("relay: the user database does not answer")
        }
    }

    private var option: String {
        self.configurationFile == "/etc/relay/relay_config" ? "" : " -f \(self.configurationFile.escapedForLog)"
    }

    private var start: String {
        let units = ["/etc/systemd/system/relay.service", "/usr/lib/systemd/system/relay.service"]
        guard self.option.isEmpty, units.contains(where: { access($0, F_OK) == 0 }) else {
            return "relay\(self.option.isEmpty ? "" : self.option) -D -e"
        }
        return "systemctl enable --now relay.socket relay.service"
    }
}
