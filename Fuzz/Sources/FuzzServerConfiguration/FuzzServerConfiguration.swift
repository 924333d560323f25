import FuzzSupport
import SSHServer
import SSHWire

/// The relay's configuration, which may include itself and one other file. Whatever is accepted can be asked about anybody.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzServerConfiguration(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let files = ConfigurationFiles(
        read: { path in
            switch path {
            case "/etc/relay/config": return input
            case "/etc/relay/other": return Array("Match User bob\nPermitOpen none\n".utf8)
            default: throw SSHError(.system, "there is no \(path)")
            }
        },
        glob: { pattern in pattern.contains("*") ? ["/etc/relay/config", "/etc/relay/other"] : [pattern] }
    )
    let loaded = try? ServerConfiguration.load(file: "/etc/relay/config", supported: .fuzzed, files: files)
    guard let configuration = loaded else { return 0 }
    _ = configuration.summary
    for user in ["alice", "bob", "", "\u{e9}"] {
        for address in ["192.0.2.7", "2001:db8::1", "UNKNOWN"] {
            let facts = ConnectionFacts(user: user, address: address, localAddress: "192.0.2.1", localPort: 22)
            let settings = configuration.settings(for: facts)
            let key = AuthorizedKeysFile(Array("ssh-ed25519 \(emptyKey)\n".utf8), path: "/keys").keys.first
            guard let key else { fatalError("a line that is right is none") }
            let policy = ForwardingPolicy(settings: settings, key: key)
            for port in [UInt32(0), 22, 8080, 65_535, .max] {
                if policy.mayOpen(host: "localhost", port: port).isPermitted, !(1...65_535).contains(port) {
                    fatalError("a port that is none may be opened")
                }
                if policy.mayListen(host: "localhost", port: port).isPermitted, port > 65_535 {
                    fatalError("a port that is none may be listened on")
                }
            }
        }
    }
    return 0
}

private let emptyKey = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

extension SupportedAlgorithms {
    fileprivate static let fuzzed = SupportedAlgorithms(
        ciphers: ["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr"],
        ciphersWithoutMAC: ["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com"],
        macs: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-256"],
        keyExchanges: ["mlkem768x25519-sha256", "curve25519-sha256"],
        keyExchangesByName: ["diffie-hellman-group14-sha256"],
        hostKeys: ["ssh-ed25519", "rsa-sha2-512"],
        publicKeys: ["ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", "rsa-sha2-512"],
        authorities: ["ssh-ed25519", "rsa-sha2-512"]
    )
}

@main
enum FuzzServerConfiguration {
    static func main() {
        FuzzDriver.run { fuzzServerConfiguration($0, $1) }
    }
}
