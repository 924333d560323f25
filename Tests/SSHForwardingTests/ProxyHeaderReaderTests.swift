import NIOCore
import NIOEmbedded
import SSHWire
import Testing

@testable import SSHForwarding

struct ProxyHeaderReaderTests {
    /// A socket with a reader, and what the reader said.
    private final class Socket {
        let channel: EmbeddedChannel
        private(set) var results: [Result<ProxyHeader, any Error>] = []

        /// - Parameter then: adds what reads after the header.
        init(then next: Collector? = nil) throws {
            self.channel = EmbeddedChannel()
            let reader = ProxyHeaderReader(timeout: .seconds(5)) { [unowned self] result in
                self.results.append(result)
                if let next { try? self.channel.pipeline.syncOperations.addHandler(next) }
            }
            try self.channel.pipeline.syncOperations.addHandler(reader)
            try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        }

        func receive(_ text: String) throws {
            try self.channel.writeInbound(ByteBuffer(string: text))
        }

        var error: SSHError? {
            guard case .failure(let error) = self.results.last else { return nil }
            return error as? SSHError
        }

        var isReaderGone: Bool {
            (try? self.channel.pipeline.syncOperations.handler(type: ProxyHeaderReader.self)) == nil
        }
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private(set) var text = ""
        private(set) var completions = 0

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.text += String(buffer: self.unwrapInboundIn(data))
        }

        func channelReadComplete(context: ChannelHandlerContext) {
            self.completions += 1
        }
    }

    @Test func whatFollowsTheHeaderReachesWhoeverTheCallbackAdds() throws {
        let next = Collector()
        let socket = try Socket(then: next)
        try socket.receive("PROXY UNKN")
        #expect(socket.results.isEmpty)
        try socket.receive("OWN\r\nSSH-2")
        #expect(try socket.results.map { try $0.get() } == [.unnamed])
        #expect(next.text == "SSH-2")
        #expect(next.completions > 0)
        #expect(socket.isReaderGone)
        try socket.receive(".0-x\r\n")
        #expect(next.text == "SSH-2.0-x\r\n")
        #expect(socket.results.count == 1)
        // No timer is left to close it.
        socket.channel.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(socket.channel.isActive)
    }

    @Test func aWrongHeaderClosesTheSocketAndNothingMoreIsRead() throws {
        let socket = try Socket()
        try socket.receive("SSH-2.0-x\r\n")
        #expect(socket.error?.code == .protocolViolation)
        #expect(!socket.channel.isActive)
        try? socket.receive("PROXY UNKNOWN\r\n")
        #expect(socket.results.count == 1)
    }

    @Test func aHeaderThatDoesNotComeInTimeClosesTheSocket() throws {
        let socket = try Socket()
        try socket.receive("PROXY ")
        socket.channel.embeddedEventLoop.advanceTime(by: .seconds(4))
        #expect(socket.results.isEmpty)
        socket.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(socket.error?.code == .timedOut)
        #expect(!socket.channel.isActive)
        #expect(socket.results.count == 1)
    }

    @Test func aSocketThatEndsBeforeItsHeaderIsAFailure() throws {
        let socket = try Socket()
        try socket.receive("PROXY ")
        try socket.channel.close().wait()
        #expect(socket.error?.code == .connectionLost)
        #expect(socket.results.count == 1)
    }
}
