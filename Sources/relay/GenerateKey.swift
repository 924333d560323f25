import ArgumentParser
import SSHCrypto
import SSHServer
import SSHWire

struct GenerateKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make an ed25519 host key: FILE, and FILE.pub beside it."
    )

    @Option(name: .short, help: "Where to put the key. A file that exists is never overwritten.")
    var file = "/etc/relay/ssh_host_ed25519_key"

    @Option(name: .customShort("C"), help: "The comment in the public key file.")
    var comment = "relay"

    func run() throws {
        do {
            let key = try HostKeyFile.generate(at: self.file, comment: self.comment, random: SystemRandom())
            print("\(key.fingerprint) \(self.file.escapedForLog) (\(key.displayName))")
        } catch let error as SSHError {
            throw ReportedFailure.failure("relay: \(error.reason)")
        }
    }
}
