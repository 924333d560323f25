// A tunnel through a jump host: what `ssh -J jump -W target server` does, in a program of yours.
//
//     JumpHost KEY KNOWN_HOSTS JUMP_USER@HOST:PORT USER@HOST:PORT TARGET:PORT
//
// It connects to the first server, through that to the second, and lets the second connect to the target. Then it asks the
// target, a web server, for its front page.
import NIOCore
import SSHClient

let words = Array(CommandLine.arguments.dropFirst())
guard words.count == 5 else { fatalError("usage: JumpHost KEY KNOWN_HOSTS USER@HOST:PORT USER@HOST:PORT TARGET:PORT") }

// 1. What proves who you are, and what proves who they are. A host that is not in the file is refused, and so is one that
//    shows another key than the one there: `.keys([...])` and `.decided { key in ... }` are other ways to say whom you trust.
let key = try Identity(file: words[0])
let hosts = HostKeyTrust.knownHosts([words[1]])

// 2. The two servers.
var jump = try SSHDestination(words[2])
jump.identities = [key]
jump.hostKeys = hosts
var server = try SSHDestination(words[3])
server.identities = [key]
server.hostKeys = hosts
server.options.connectTimeout = .seconds(10)

// 3. Connect. It returns when you are logged in, and throws a `ConnectionFailure` when that cannot be: its code says what went
//    wrong, and its destination which of the two servers it was.
let connection = try await SSHConnection.connect(to: server, through: [jump])

// 4. A tunnel is a stream of bytes both ways. A write waits while the other side is slow, and what you do not read makes the
//    other side wait.
let target = try ForwardTarget(words[4])
let tunnel = try await connection.openTunnel(to: target)
try await tunnel.write("GET / HTTP/1.0\r\n\r\n")
try await tunnel.finish()
var page = ""
for try await bytes in tunnel { page += String(buffer: bytes) }
print(page.prefix { !$0.isNewline })

// 5. Connections say goodbye, the last one first.
await connection.close()
