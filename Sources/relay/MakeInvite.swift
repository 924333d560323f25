import ArgumentParser
import SSHConfiguration
import SSHCrypto
import SSHServer
import SSHSystem
import SSHWire

struct MakeInvite: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invite",
        abstract: "Make a one-time key with which a device lets its own key in.",
        discussion: """
            Prints what to type on the device, the one-time key among it: whoever has that first may take the invite. \
            The relay keeps the key's hash alone.
            """,
        helpNames: .long
    )

    @Option(name: .customShort("f"), help: "The configuration file that the relay reads.")
    var configurationFile = "/etc/relay/relay_config"

    @Option(help: "The account.")
    var account: String

    @Flag(help: "The account may be one that there is not yet: it needs no Unix account.")
    var newAccount = false

    @Option(
        help: ArgumentHelp(
            "Where the device may listen, as permitlisten= has it; %k is the device's name.",
            valueName: "[host:]port"
        )
    )
    var listen: [String] = []

    @Option(help: ArgumentHelp("What it may open, as permitopen= has it.", valueName: "host:port"))
    var open: [String] = []

    @Option(help: ArgumentHelp("What it may ask of the relay, as permitcommand= has it.", valueName: "list,connect"))
    var commands: String?

    @Option(help: "Until when the device's key counts, such as 2027-01-01.")
    var expires: String?

    @Option(help: "For how long the invite can be taken, such as 30m or 2d; 30 days at most.")
    var ttl = "1h"

    @Option(help: "The name by which the device reaches the relay (default: this machine's).")
    var host: String?

    @Option(
        name: .shortAndLong,
        help: "The port by which the device reaches the relay (default: that of the configuration)."
    )
    var port: UInt16?

    func run() throws {
        do {
            guard let seconds = ConfigurationTime.seconds(self.ttl), let ttl = UInt64(exactly: seconds), ttl > 0 else {
                throw SSHError(.misuse, "--ttl \(self.ttl.escapedForLog) is no time such as 1h")
            }
            let configuration = try ServerConfiguration.load(file: self.configurationFile, supported: .all)
            let hostKeys = try PublicHostKeys(configuration)
            let host = self.host ?? MachineName.text
            let lines = try hostKeys.knownHostsLines(host, port: self.port)
            let destination = try ForwardingDestination(account: self.account, host: host)
            var rights = ClientRights()
            rights.listen = self.listen
            rights.open = self.open
            rights.commands = CommandList.words(self.commands)
            rights.expires = self.expires
            let invite = try NewInvite(
                configuration,
                account: self.account,
                makesAccount: self.newAccount,
                rights: rights,
                seconds: ttl
            )
            let port = self.port ?? hostKeys.port
            print("# Within \(self.ttl), type this into a shell of the device; its name may be another:")
            print("(umask 077; cat > invite) <<'END'")
            print(invite.keyFile.withBytes { String(decoding: $0, as: UTF8.self) }, terminator: "END\n")
            print("cat > invite.known_hosts <<'END'")
            for line in lines { print(line) }
            print("END")
            let options = "-i invite -o IdentitiesOnly=yes -o UserKnownHostsFile=invite.known_hosts -p \(port)"
            print("[ -f ~/.ssh/id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519")
            print(
                """
                cat ~/.ssh/id_ed25519.pub /etc/ssh/ssh_host_ed25519_key.pub \
                    | ssh \(options) \(destination.text) enroll "$(uname -n)" \
                    && cat invite.known_hosts >> ~/.ssh/known_hosts && rm invite invite.known_hosts
                """
            )
        } catch let error as SSHError {
            throw ReportedFailure.failure(error)
        } catch let error as SystemError {
            throw ReportedFailure.failure("relay: \(error)")
        }
    }
}
