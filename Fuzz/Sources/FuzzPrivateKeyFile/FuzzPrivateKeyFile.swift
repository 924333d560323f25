import FuzzSupport
import SSHCrypto

/// Private key files. What is read can be written and read again. The input is a file, and what an OpenSSH file holds behind its
/// magic: Base64 and the marks take long to guess. scripts/fuzz makes keys to begin with.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPrivateKeyFile(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    tryReading(input)
    let armored = Base64.encode(Array("openssh-key-v1\0".utf8) + input)
    tryReading(
        Array("-----BEGIN OPENSSH PRIVATE KEY-----\n\(armored)\n-----END OPENSSH PRIVATE KEY-----\n".utf8)
    )
    return 0
}

private func tryReading(_ bytes: [UInt8]) {
    guard let (key, comment) = try? PrivateKeyFile.parse(bytes) else { return }
    let random = SeededRandom(seed: 8)
    guard let written = try? OpenSSHPrivateKeyFile.encode(key, comment: comment, random: random),
        let again = try? PrivateKeyFile.parse(written), again.key.publicKey == key.publicKey, again.comment == comment
    else { fatalError("a key does not read what it writes") }
}

@main
enum FuzzPrivateKeyFile {
    static func main() {
        FuzzDriver.run { fuzzPrivateKeyFile($0, $1) }
    }
}
