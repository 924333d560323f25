import Glibc
import SSHConfiguration
import SSHSystem
public import SSHWire

/// Gives commands to a running relay through its control socket. Waits for the replies: not for an event loop.
public final class ControlSocketClient {
    private let descriptor: Int32
    private let path: String
    private var received: ArraySlice<UInt8> = []

    /// - Throws: `system` if no relay can be reached there, in the system's words.
    public init(path: String) throws(SSHError) {
        self.path = path
        self.descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard self.descriptor >= 0, let address = UnixAddress(path), address.connect(self.descriptor) else {
            let reason = "\(SystemError())"
            if self.descriptor >= 0 { close(self.descriptor) }
            throw SSHError(.system, "no relay can be asked at \(path.escapedForLog): \(reason)")
        }
    }

    deinit {
        close(self.descriptor)
    }

    /// Gives a command and hands over the lines of the reply. One command a client.
    ///
    /// - Parameters:
    ///   - patience: how many seconds may pass without a word; nil for ever.
    ///   - body: is called for each line.
    /// - Throws: `system` if the reply does not come to its end, or is `failed`.
    public func ask(
        _ command: OperatorCommand,
        patience: Int?,
        _ body: (OperatorReplyLine) throws -> Void
    ) throws {
        var time = timeval(tv_sec: patience ?? 0, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        try self.send(Array(command.line.utf8))
        while true {
            let line: OperatorReplyLine
            do {
                line = try OperatorReplyLine(line: try self.nextLine())
            } catch let invalid as InvalidValue {
                throw self.failure("what answers is no relay of this version: \(invalid.reason)")
            }
            if case .failed(let reason) = line { throw SSHError(.system, reason.printable) }
            try body(line)
            if line.isLast { return }
        }
    }

    private func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.send(self.descriptor, Array(rest), rest.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { throw self.failure("\(SystemError())") }
            rest = rest.dropFirst(count)
        }
    }

    private func nextLine() throws -> ArraySlice<UInt8> {
        var searched = 0
        while true {
            if let end = self.received.dropFirst(searched).firstIndex(of: UInt8(ascii: "\n")) {
                defer { self.received = self.received[(end + 1)...] }
                return self.received[..<end]
            }
            searched = self.received.count
            guard searched <= ControlProtocol.longestReplyLine else { throw self.failure("a line has no end") }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = recv(self.descriptor, &buffer, buffer.count, 0)
            guard count >= 0 else {
                throw self.failure(errno == EAGAIN ? "it does not answer" : "\(SystemError())")
            }
            guard count > 0 else { throw self.failure("it has gone, or serves too many at a time") }
            self.received += buffer.prefix(count)
        }
    }

    private func failure(_ reason: String) -> SSHError {
        SSHError(.system, "the relay at \(self.path.escapedForLog): \(reason.printable)")
    }
}
