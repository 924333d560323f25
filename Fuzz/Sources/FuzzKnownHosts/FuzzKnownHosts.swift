import FuzzSupport
import SSHClient
import SSHCrypto

/// known_hosts files. A line more makes its key known unless the file revokes it, and a revoking line more ends that.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzKnownHosts(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    _ = Files.verdict(input)
    let before = Files.verdict(input + Files.line(""))
    let after = Files.verdict(input + Files.line("") + Files.line("@revoked "))
    switch before {
    case .match, .revoked: break
    case .changed, .unknown: fatalError("a key that is known is not")
    }
    guard case .revoked = after else { fatalError("a key that is revoked is not") }
    let known = KnownHosts(entries: KnownHosts.parse(input, file: "/known_hosts"))
    let algorithms = ["ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", "rsa-sha2-512"]
    guard known.hostKeyAlgorithmsPreferred(for: Files.host, among: algorithms).sorted() == algorithms.sorted() else {
        fatalError("an order of algorithms has others")
    }
    return 0
}

private enum Files {
    static let host = "relay.example"
    static let key: PublicKey = {
        guard let key = try? Ed25519PrivateKey.generate(random: SeededRandom(seed: 7)) else {
            fatalError("a key can always be made")
        }
        return key.publicKey
    }()

    static func line(_ marker: String) -> [UInt8] {
        Array("\n\(marker)\(self.host) \(self.key.openSSHText)\n".utf8)
    }

    static func verdict(_ bytes: [UInt8]) -> KnownHosts.Verdict {
        KnownHosts(entries: KnownHosts.parse(bytes, file: "/known_hosts")).lookup(self.host, key: self.key)
    }
}

@main
enum FuzzKnownHosts {
    static func main() {
        FuzzDriver.run { fuzzKnownHosts($0, $1) }
    }
}
