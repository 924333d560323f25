import FuzzSupport
import SSHCrypto
import SSHServer

/// authorized_keys files. Whatever stands in one, a good line at its end is found, and a key that stands nowhere lets nobody in.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzAuthorizedKeys(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let file = AuthorizedKeysFile(input, path: "/keys")
    let isOrdered = zip(file.keys, file.keys.dropFirst()).allSatisfy { $0.line < $1.line }
    guard isOrdered else { fatalError("lines are not in their order") }
    let keys = AuthorizedKeys(files: [file])
    for key in file.keys.prefix(4) { _ = keys.match(blob: key.blob, at: 1_800_000_000, from: "192.0.2.7") }
    guard case .refused = keys.match(blob: Lines.nobody, at: 1_800_000_000, from: "192.0.2.7") else {
        fatalError("a key that is none logs in")
    }
    // UTF-16 is told of as a whole.
    guard input.first != 0xff, input.first != 0xfe, input.count < 2 || input[1] != 0 && input[0] != 0 else { return 0 }
    let longer = AuthorizedKeys(files: [AuthorizedKeysFile(input + Lines.good, path: "/keys")])
    guard case .accepted = longer.match(blob: Lines.key.blob, at: 1_800_000_000, from: "192.0.2.7") else {
        fatalError("a good line at the end of a file is not found")
    }
    return 0
}

private enum Lines {
    static let nobody: [UInt8] = []
    static let key: PublicKey = {
        guard let key = try? Ed25519PrivateKey.generate(random: SeededRandom(seed: 6)) else {
            fatalError("a key can always be made")
        }
        return key.publicKey
    }()
    static let good = Array("\n\(key.openSSHText)\n".utf8)
}

@main
enum FuzzAuthorizedKeys {
    static func main() {
        FuzzDriver.run { fuzzAuthorizedKeys($0, $1) }
    }
}
