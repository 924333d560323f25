import NIOCore
import NIOPosix
import Synchronization

/// An agent that does what a test says.
final class ScriptedAgent: Sendable {
    enum Deed: Sendable {
        case answer(ByteBuffer)
        case close
        case nothing
    }

    /// What follows a request: the number of its connection, from 1 on, and the message without its length.
    typealias Script = @Sendable (_ connection: Int, _ request: ByteBuffer) -> Deed

    private let listener: any Channel
    private let accepted: Accepted

    private init(_ listener: any Channel, _ accepted: Accepted) {
        self.listener = listener
        self.accepted = accepted
    }

    static func listen(_ path: String, on loop: any EventLoop, _ script: @escaping Script) async throws -> ScriptedAgent
    {
        let accepted = Accepted()
        let listener = try await ServerBootstrap(group: loop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = Handler(number: accepted.add(channel), script)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        return ScriptedAgent(listener, accepted)
    }

    var connectionCount: Int { self.accepted.channels.withLock { $0.count } }

    /// Hangs up on everybody, as an agent that ends.
    func stop() async throws {
        try await self.listener.close()
        for channel in self.accepted.channels.withLock({ $0 }) { try? await channel.close() }
    }

    private final class Accepted: Sendable {
        let channels = Mutex<[any Channel]>([])

        func add(_ channel: any Channel) -> Int {
            self.channels.withLock {
                $0.append(channel)
                return $0.count
            }
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let number: Int
        private let script: Script
        private var bytes = ByteBuffer()

        init(number: Int, _ script: @escaping Script) {
            self.number = number
            self.script = script
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.bytes.writeImmutableBuffer(self.unwrapInboundIn(data))
            while let request = self.bytes.readLengthPrefixedSlice(as: UInt32.self) {
                switch self.script(self.number, request) {
                case .answer(let bytes): context.writeAndFlush(self.wrapOutboundOut(bytes), promise: nil)
                case .close: context.close(promise: nil)
                case .nothing: break
                }
            }
        }
    }
}
