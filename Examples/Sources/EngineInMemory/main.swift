// A client and a server in one process, without a socket, a clock or a file: what you need to run SSH over something else than
// TCP, or to test what you build on it.
import NIOCore
import SSHCrypto
import SSHProtocol

// 1. The time and the random source are yours. With `SeededRandom`, both sides say the same in every run.
let now = NIODeadline.now()
let random = SystemRandom()
let hostKey = try Ed25519PrivateKey.generate(random: random)
let userKey = try Ed25519PrivateKey.generate(random: random)

// 2. An engine is one side of one connection. It cannot be copied: two copies would use one nonce twice.
var serverConfiguration = EngineConfiguration(role: .server)
serverConfiguration.hostKeys = [hostKey]
var clientConfiguration = EngineConfiguration(role: .client)
clientConfiguration.user = "amy"
clientConfiguration.identities = [userKey]
var server = try Engine(configuration: serverConfiguration, random: random, now: now)
var client = try Engine(configuration: clientConfiguration, random: random, now: now)

// 3. Bytes go in, events come out; commands go in, bytes come out. `nextEvent` gives nothing more while a decision of yours is
//    awaited. What an engine throws ends its connection: here nothing goes wrong, so `try` will do.
var answer = ""
var isOver = false
while !isOver {
    client.receive(try server.takeOutput(limit: 65_536, now: now), now: now)
    while let event = try client.nextEvent(now: now) {
        switch event {
        case .hostKey(let shown):
            guard shown.key == hostKey.publicKey else { fatalError("somebody else is there") }
            try client.acceptHostKey()
        case .authenticated:
            print("logged in")
            _ = try client.openChannel(.session)
        case .channelConfirmed(let channel):
            client.send(ByteBuffer(string: "hello"), on: channel)
            try client.sendEOF(on: channel)
        case .channelData(let channel, let data):
            answer += String(buffer: data)
            // The peer may send as many bytes again.
            try client.delivered(data.readableBytes, on: channel, now: now)
        case .channelEOF:
            isOver = true
        default:
            break
        }
    }
    server.receive(try client.takeOutput(limit: 65_536, now: now), now: now)
    while let event = try server.nextEvent(now: now) {
        switch event {
        case .authenticationRequest(let request):
            // The signature has been checked. Whether this key may log in is for you to say.
            guard case .key(let key) = request.credential else { fatalError("nobody here has a certificate") }
            try server.answerAuthentication(isAllowed: request.user == "amy" && key == userKey.publicKey)
        case .channelOpen(let channel, .session):
            try server.confirmChannel(channel)
        case .channelOpen(let channel, _):
            try server.refuseChannel(channel, .administrativelyProhibited, "sessions only")
        case .channelData(let channel, let data):
            server.send(ByteBuffer(string: String(buffer: data).uppercased()), on: channel)
            try server.delivered(data.readableBytes, on: channel, now: now)
        case .channelEOF(let channel):
            try server.sendEOF(on: channel)
        default:
            break
        }
    }
}
print("the server answered \(answer)")
