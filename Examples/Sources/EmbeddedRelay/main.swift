// A relay inside your program, with your rules instead of accounts and files.
//
// Devices log in with their keys and listen on ports of the relay; the operator is connected to the devices, and to nothing else.
import Logging
import NIOCore
import SSHClient
import SSHCrypto
import SSHServer

// 1. Ten lines say who may do what.
struct Fleet: RelayPolicy {
    let devices: [String: PublicKey]
    let operators: [PublicKey]

    func mayLogIn(_ login: RelayLogin) -> Bool {
        login.user == "operator" ? self.operators.contains(login.key) : self.devices[login.user] == login.key
    }
    func mayListen(on endpoint: RelayEndpoint, _ login: RelayLogin) -> Bool { login.user != "operator" }
    func mayOpen(_ endpoint: RelayEndpoint, _ login: RelayLogin) -> Bool { login.user == "operator" }
}

// 2. A relay on a port that the system chooses. Everything else is as in sshd_config: `configuration` has it.
let random = SystemRandom()
let (hostKey, deviceKey, operatorKey) = (
    try PrivateKey.generate(.ed25519, random: random), try PrivateKey.generate(.ed25519, random: random),
    try PrivateKey.generate(.ed25519, random: random)
)
var configuration = ServerConfiguration.embedded
configuration.listenAddresses = [ListenAddress(host: "127.0.0.1", port: 0)]
var logger = Logger(label: "relay")
logger.logLevel = .warning
let relay = try RelayServer(
    configuration: configuration,
    logger: logger,
    policy: Fleet(devices: ["sensor": deviceKey.publicKey], operators: [operatorKey.publicKey]),
    hostKeys: [hostKey]
)

// 3. It is a service of swift-service-lifecycle: put it into a ServiceGroup, which also stops it. Here, a task will do.
let serving = Task { try await relay.run() }
let port = UInt16(try await relay.addresses().first?.port ?? 0)

// 4. The device listens on the relay; nobody listens on the device.
func destination(_ user: String, _ key: PrivateKey, at port: UInt16, _ host: PublicKey) -> SSHDestination {
    SSHDestination(host: "127.0.0.1", port: port, user: user, identities: [key], hostKeys: .keys([host]))
}
let host = hostKey.publicKey
let device = try await SSHConnection.connect(to: destination("sensor", deviceKey, at: port, host))
let listener = try await device.listen(on: .port(.unspecified, 0))
let answering = Task {
    for try await incoming in listener {
        try await incoming.stream.write("21.5 degrees\n")
        try await incoming.stream.finish()
    }
}

// 5. The operator is connected to it: within the relay, no socket lies between.
let operating = try await SSHConnection.connect(to: destination("operator", operatorKey, at: port, host))
let tunnel = try await operating.openTunnel(to: .host("localhost", port: listener.port ?? 0))
for try await bytes in tunnel { print("the sensor says \(String(buffer: bytes))", terminator: "") }

// 6. A stranger is not let in, and is told why in a way that a program can read.
do {
    _ = try await SSHConnection.connect(to: destination("stranger", deviceKey, at: port, host))
} catch let failure as ConnectionFailure where failure.code == .authenticationFailed {
    print("a stranger was not let in")
}

await operating.close()
await device.close()
relay.stop()
try await serving.value
_ = await answering.result
