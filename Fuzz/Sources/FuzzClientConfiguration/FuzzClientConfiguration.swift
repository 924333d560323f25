import FuzzSupport
import Glibc
import SSHClient

/// swssh's configuration, and its options: the first byte says which of them the rest is. Whatever is accepted can be printed.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzClientConfiguration(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = input.first else { return 0 }
    let rest = Array(input.dropFirst())
    let arguments: [String]
    switch first {
    case UInt8(ascii: "o"): arguments = ["-F", "none", "-o", String(decoding: rest, as: UTF8.self), "host"]
    case UInt8(ascii: "a"):
        arguments = rest.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    default: arguments = ["-F", File.write(rest), "host"]
    }
    guard let request = try? ClientCommandLine.parse(arguments, environment: environment),
        case .connect(let line) = request,
        // Other files of this machine are nobody's business here.
        line.configurationFile == .none || line.configurationFile == .only(File.path)
    else { return 0 }
    let loaded = try? ClientConfiguration.load(
        line,
        environment: environment,
        algorithms: .fuzzed,
        matchExecutor: { $0.utf8.count % 2 == 0 }
    )
    guard let configuration = loaded else { return 0 }
    _ = configuration.printedLines
    return 0
}

private enum File {
    static let path = "/dev/shm/fuzz-client-configuration-\(getpid())"

    static func write(_ bytes: [UInt8]) -> String {
        let descriptor = open(Self.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            fatalError("\(Self.path) cannot be written")
        }
        close(descriptor)
        return Self.path
    }
}

private let environment = LocalEnvironment(
    userName: "me",
    userID: 1000,
    homeDirectory: "/nonexistent",
    hostName: "laptop.example.org",
    variable: { $0 == "HOME" ? "/nonexistent" : nil }
)

extension ClientAlgorithms {
    fileprivate static let fuzzed = ClientAlgorithms(
        ciphers: ["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com"],
        macs: ["hmac-sha2-256-etm@openssh.com"],
        kexAlgorithms: ["mlkem768x25519-sha256", "curve25519-sha256"],
        hostKeyAlgorithms: ["ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", "rsa-sha2-512"],
        pubkeyAcceptedAlgorithms: ["ssh-ed25519", "rsa-sha2-512"]
    )
}

@main
enum FuzzClientConfiguration {
    static func main() {
        FuzzDriver.run { fuzzClientConfiguration($0, $1) }
    }
}
