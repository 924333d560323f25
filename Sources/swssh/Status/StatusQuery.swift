import Glibc
import NIOCore
import SSHClient
import SSHSystem
import SSHWire

/// `--status`: asks the programs that run how they are doing.
struct StatusQuery {
    /// Every forward of every program that answered can be used.
    static let stands: Int32 = 0
    /// Somebody answered, and something is missing.
    static let waits: Int32 = 1
    /// No program runs, or none that can be asked.
    static let nobody: Int32 = 3

    /// For a program's answer.
    private static let patience = TimeAmount.seconds(5)
    /// For all of them: other users' programs need not be what they seem.
    private static let longestPatience = TimeAmount.seconds(30)

    /// nil for every program of this user; for root, for every program.
    let host: String?
    let printsJSON: Bool

    /// - Returns: the exit status.
    func run(_ environment: LocalEnvironment) -> Int32 {
        let end = NIODeadline.now() + Self.longestPatience
        var (hasAnswer, allStand) = (false, true)
        for path in StatusFolder.all(environment).flatMap({ StatusFolder.sockets(of: self.host, in: $0) }) {
            do {
                guard let bytes = try Self.ask(path, until: min(end, .now() + Self.patience)) else { continue }
                let answer = try StatusAnswer(bytes)
                let lines = self.printsJSON ? [answer.json] : answer.lines
                for line in lines { print(line.escapedForTerminal()) }
                (hasAnswer, allStand) = (true, allStand && answer.stands)
            } catch {
                ClientLog.standard.error("\(path): \(SystemReason.of(error))")
            }
        }
        guard hasAnswer else {
            let what = self.host.map { " for \($0)" } ?? ""
            ClientLog.standard.error("no swssh with Reconnect runs\(what)")
            return Self.nobody
        }
        return allStand ? Self.stands : Self.waits
    }

    /// - Returns: nil if nobody listens there: the file is a dead program's.
    private static func ask(_ path: String, until end: NIODeadline) throws -> [UInt8]? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0, let address = UnixAddress(path) else { throw SSHError(.system, "\(SystemError())") }
        defer { close(descriptor) }
        // Looked at between two pieces of the answer, too.
        var time = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        guard address.connect(descriptor) else {
            if errno == ECONNREFUSED || errno == ENOENT { return nil }
            throw SSHError(.system, "\(SystemError())")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= StatusAnswer.longest {
            guard NIODeadline.now() < end else { throw SSHError(.system, "it does not answer") }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count >= 0 else { throw SSHError(.system, "\(SystemError())") }
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
        }
        throw SSHError(.system, "it does not come to an end")
    }
}
