import ArgumentParser
import SSHCrypto
import SSHServer
import SSHSystem

struct AddClient: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add-client",
        abstract: "Let a key in: add it to the account's authorized_keys file.",
        discussion: """
            The key may do what is listed here, and nothing else. KEY is the line of a .pub file, the file, or - for standard input.

                relay add-client nuc.pub --account fleet --name nuc --listen '%k:22'
                relay add-client - --account fleet --open '*:22' --expires 2027-01-01 < alice.pub
            """,
        helpNames: .long
    )

    @OptionGroup var register: RegisterOptions

    @Argument(help: ArgumentHelp("The public key.", valueName: "key"))
    var key: [String]

    @Option(help: "The account.")
    var account: String

    @Flag(help: "Make the account, if there is none of that name: it needs no Unix account, only this key.")
    var newAccount = false

    @Option(help: "What the key is called (default: its comment); %k stands for it.")
    var name: String?

    @Option(help: ArgumentHelp("Where it may listen, as permitlisten= has it.", valueName: "[host:]port"))
    var listen: [String] = []

    @Option(help: ArgumentHelp("What it may open, as permitopen= has it.", valueName: "host:port"))
    var open: [String] = []

    @Option(help: ArgumentHelp("What it may ask of the relay, as permitcommand= has it.", valueName: "list,connect"))
    var commands: String?

    @Option(help: "Until when it counts, such as 2027-01-01 or 2027-01-01T12:00Z.")
    var expires: String?

    func run() throws {
        try self.register.use { register in
            let key = try ClientKeyArgument.key(self.key)
            var rights = ClientRights()
            rights.listen = self.listen
            rights.open = self.open
            rights.commands = CommandList.words(self.commands)
            rights.expires = self.expires
            let line = try ClientLine(key.key, name: self.name ?? key.comment, rights: rights)
            let addition = try register.add(line, to: self.account, makesAccount: self.newAccount)
            let what = "\(key.key.fingerprint) (\(key.key.displayName)) \(line.name)".escapedForTerminal()
            if let number = addition.line {
                print("added \(what) to \(addition.file.escapedForLog) line \(number)")
            } else {
                print("\(what) is in \(addition.file.escapedForLog) already")
            }
            for warning in addition.warnings { print("but it cannot log in yet: \(warning.escapedForTerminal())") }
        }
    }
}
