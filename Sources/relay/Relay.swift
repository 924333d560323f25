import ArgumentParser
import SSHForwarding
import SSHServer
import SSHSystem
import SSHWire

@main
struct Relay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay",
        abstract: "A forwarding-only SSH server: it stands in for sshd on a proxy host.",
        version: RelayVersion.text,
        subcommands: [
            Serve.self, Init.self, GenerateKey.self, HostKey.self, AddClient.self, RemoveClient.self, Clients.self,
            MakeInvite.self, SSHConfig.self, Import.self, Explain.self, Reload.self, Status.self, List.self, Kick.self,
        ],
        defaultSubcommand: Serve.self,
        // -h is sshd's flag for a host key.
        helpNames: .long
    )

    private static let usage = """
        relay [-46DdeGiqTtV] [-C connection_spec] [-c host_cert_file]
                     [-E log_file] [-f config_file] [-g login_grace_time]
                     [-h host_key_file] [-o option] [-p port] [-u len]
               relay init | keygen | host-key | add-client | remove-client | clients
                     | invite | ssh-config | import | explain | reload | status | list | kick | --help
        """

    static func main() async {
        StandardDescriptors.fill()
        // Before this, as nobody but root may do it afterwards.
        Background.keepName()
        ProcessSecrets.protect()
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            await Self.main(try CommandLineWords(arguments).words)
        } catch {
            let status: Int32 = error.code == .invalidConfiguration ? 255 : 1
            Self.exit(
                withError: ReportedFailure.failure("relay: \(error.reason)\nusage: \(Self.usage)", status: status)
            )
        }
    }
}
