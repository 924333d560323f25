import Glibc
import SSHClient
import Testing

/// A folder that goes away with the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/ssh-client-tests-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        self.path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        for folder in ["/sub", "/.ssh", ""] {
            var result = glob_t()
            if glob("\(self.path)\(folder)/{*,.??*}", GLOB_BRACE, nil, &result) == 0 {
                for index in 0..<Int(result.gl_pathc) {
                    if let name = result.gl_pathv[index] { unlink(name) }
                }
            }
            globfree(&result)
            rmdir(self.path + folder)
        }
    }

    @discardableResult
    func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
        let path = "\(self.path)/\(name)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
        try #require(fchmod(descriptor, mode) == 0)
        return path
    }

    func makeFolder(_ name: String) throws {
        try #require(mkdir("\(self.path)/\(name)", 0o700) == 0)
    }

    func environment() -> LocalEnvironment {
        var environment = testEnvironment(home: self.path)
        environment.systemConfigurationFile = "\(self.path)/ssh_config"
        return environment
    }
}

func testEnvironment(home: String = "/home/me", variables: [String: String] = [:]) -> LocalEnvironment {
    LocalEnvironment(
        userName: "me",
        userID: getuid(),
        homeDirectory: home,
        hostName: "laptop.example.org",
        variable: { variables[$0] }
    )
}

let testAlgorithms = ClientAlgorithms(
    ciphers: ["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr"],
    macs: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
    kexAlgorithms: ["mlkem768x25519-sha256", "curve25519-sha256", "curve25519-sha256@libssh.org"],
    hostKeyAlgorithms: ["ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512"],
    pubkeyAcceptedAlgorithms: ["ssh-ed25519"]
)

/// Runs a program and gives what it printed on standard output and its exit status.
func run(_ arguments: [String]) throws -> (output: String, status: Int32) {
    let quoted = arguments.map { "'" + $0.replacing("'", with: "'\\''") + "'" }.joined(separator: " ")
    let pipe = try #require(popen("\(quoted) 2>/dev/null", "r"))
    var output: [UInt8] = []
    while true {
        let byte = fgetc(pipe)
        if byte == EOF { break }
        output.append(UInt8(truncatingIfNeeded: byte))
    }
    let status = pclose(pipe)
    return (String(decoding: output, as: UTF8.self), status >> 8 & 0xff)
}

/// Where OpenSSH is installed, the same inputs go through it.
let hasOpenSSH = access("/usr/bin/ssh", X_OK) == 0 && access("/usr/bin/ssh-keygen", X_OK) == 0
