import ArgumentParser
import SSHForwarding

@main
struct Relay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay",
        abstract: "A forwarding-only SSH server: it stands in for sshd on a proxy host.",
        subcommands: [Serve.self, GenerateKey.self, Explain.self, Reload.self],
        defaultSubcommand: Serve.self,
        // -h is sshd's flag for a host key.
        helpNames: .long
    )

    static func main() async {
        StandardDescriptors.fill()
        // Before this, as nobody but root may do it afterwards.
        Background.keepName()
        ProcessSecrets.protect()
        await Self.main(nil)
    }
}
