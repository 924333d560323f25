import ArgumentParser
import SSHCrypto
import SSHServer
import SSHSystem
import SSHWire

struct GenerateKey: ParsableCommand {
    enum KeyType: String, ExpressibleByArgument, CaseIterable {
        case ed25519
        case ecdsa
        case rsa
    }

    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make a host key: FILE, and FILE.pub beside it."
    )

    @Option(name: .customShort("t"), help: "The key's type.")
    var type = KeyType.ed25519

    @Option(
        name: .customShort("b"),
        help: "Bits: 256 (the default), 384 or 521 of ecdsa, 2048 to 8192 of rsa (3072); ed25519 keys have one size."
    )
    var bits: Int?

    @Option(
        name: .short,
        help: "Where to put the key (default: /etc/relay/ssh_host_TYPE_key). A file that exists is never overwritten."
    )
    var file: String?

    @Option(name: .customShort("C"), help: "The comment in the public key file.")
    var comment = "relay"

    func run() throws {
        let kind: PrivateKey.Kind =
            switch self.type {
            case .ed25519: .ed25519
            case .ecdsa: .ecdsa(bits: self.bits ?? ECDSAPrivateKey.defaultBits)
            case .rsa: .rsa(bits: self.bits ?? RSAPrivateKey.defaultBits)
            }
        let file = self.file ?? "/etc/relay/ssh_host_\(self.type.rawValue)_key"
        do {
            let key = try HostKeyFile.generate(kind, at: file, comment: self.comment, random: SystemRandom())
            print("\(key.fingerprint) \(file.escapedForLog) (\(key.displayName))")
        } catch let error as SSHError {
            throw ReportedFailure.failure("relay: \(error.reason)")
        }
    }
}
