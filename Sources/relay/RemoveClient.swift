import ArgumentParser
import SSHServer
import SSHSystem

struct RemoveClient: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove-client",
        abstract: "Let a key in no longer: take it out of all authorized_keys files.",
        discussion:
            "A running relay ends the key's connections within two seconds. All other lines of the files stay as they are.",
        helpNames: .long
    )

    @OptionGroup var register: RegisterOptions

    @Argument(
        help: ArgumentHelp(
            "A public key or the file that holds it, a fingerprint (SHA256:...), or a comment.",
            valueName: "key"
        )
    )
    var what: [String]

    @Option(help: "Only that account's files.")
    var account: String?

    func run() throws {
        try self.register.use { register in
            for client in try register.remove(self.choice(), account: self.account) {
                let what = "\(client.fingerprint) \(client.comment)".escapedForTerminal()
                print("removed \(what) from \(client.file.escapedForLog) line \(client.line)")
            }
        }
    }

    private func choice() throws -> ClientChoice {
        let text = self.what.joined(separator: " ")
        if text.hasPrefix("SHA256:") { return .fingerprint(text) }
        if let key = try? ClientKeyArgument.key(self.what) { return .key(key) }
        return .comment(text)
    }
}
