package import NIOCore

/// The server's side of SOCKS 4, 4a and 5 (RFC 1928) up to the request: CONNECT, without authentication.
///
/// Bytes go in with `receive`; then `next()` is called until it says `.needMore`, `.connect` or `.refuse`, the last two of
/// which end the negotiation. While a request is incomplete no more than `bufferLimit` bytes are held. Time is the
/// caller's: a client that never finishes must be closed by it.
package struct SOCKSNegotiation: Sendable {
    package enum Action: Hashable, Sendable {
        case needMore
        /// Send these bytes and call `next()` again.
        case reply(ByteBuffer)
        /// Open the connection, then send the request's own reply.
        case connect(SOCKSRequest)
        /// Send these bytes, which may be none, and close.
        case refuse(ByteBuffer, reason: String)
    }

    /// A SOCKS 4a request with the longest user and host name, with room to spare; version 5 needs less.
    package static let bufferLimit = 600

    private enum State: Hashable {
        case start
        case socks5Request
        case finished
    }

    private var state = State.start
    private var buffer = ByteBuffer()

    package init() {}

    /// Takes bytes from the client. After `.connect` and `.refuse` they are the caller's business and are dropped here.
    package mutating func receive(_ bytes: ByteBuffer) {
        guard self.state != .finished else { return }
        self.buffer.writeImmutableBuffer(bytes)
    }

    package mutating func next() -> Action {
        var input = SOCKSInput(self.buffer)
        let action: Action
        switch self.state {
        case .start: action = self.start(&input)
        case .socks5Request: action = SOCKS5.request(&input)
        case .finished: return .needMore
        }
        switch action {
        case .needMore:
            // Every field has its own limit below this one; this line is for the day when somebody adds a field.
            guard self.buffer.readableBytes <= Self.bufferLimit else {
                self.finish()
                return .refuse(ByteBuffer(), reason: "a SOCKS request is too long")
            }
            return .needMore
        case .reply:
            self.state = .socks5Request
            self.buffer = input.rest
            return action
        case .connect, .refuse:
            self.finish()
            return action
        }
    }

    private func start(_ input: inout SOCKSInput) -> Action {
        switch input.byte() {
        case nil: .needMore
        case 4: SOCKS4.request(&input)
        case 5: SOCKS5.greeting(&input)
        case .some(let version):
            .refuse(ByteBuffer(), reason: "the first byte \(version) is no SOCKS version")
        }
    }

    private mutating func finish() {
        self.state = .finished
        self.buffer = ByteBuffer()
    }
}

/// Reads fields, or nil where bytes are missing still.
struct SOCKSInput {
    private(set) var rest: ByteBuffer

    init(_ buffer: ByteBuffer) {
        self.rest = buffer
    }

    mutating func byte() -> UInt8? {
        self.rest.readInteger()
    }

    mutating func port() -> UInt16? {
        self.rest.readInteger()
    }

    mutating func bytes(_ count: Int) -> [UInt8]? {
        self.rest.readBytes(length: count)
    }

    enum Terminated { case text([UInt8]), incomplete, tooLong }

    /// Bytes before a NUL, which is taken as well.
    mutating func terminated(limit: Int) -> Terminated {
        guard let end = self.rest.readableBytesView.prefix(limit + 1).firstIndex(of: 0) else {
            return self.rest.readableBytes > limit ? .tooLong : .incomplete
        }
        let bytes = self.rest.readBytes(length: end - self.rest.readerIndex) ?? []
        self.rest.moveReaderIndex(forwardBy: 1)
        return .text(bytes)
    }
}
