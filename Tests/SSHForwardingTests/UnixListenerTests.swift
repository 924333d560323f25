import Glibc
import NIOCore
import NIOPosix
import SSHWire
import Testing

@testable import SSHForwarding

struct UnixListenerTests {
    private let folder = SocketFolder()
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    /// A listener whose sockets are answered with a word, until the promise is fulfilled.
    private func listen(_ path: String) async throws -> NIOLoopBound<UnixListener> {
        let promise = self.loop.makePromise(of: NIOLoopBound<UnixListener>.self)
        let loop = self.loop
        loop.execute {
            do {
                let file = try UnixSocketFile.bind(path: path, mask: 0o177, links: .refused, unlinks: false)
                UnixListener.listen(
                    on: file,
                    eventLoop: loop,
                    remove: { file.remove() },
                    onAccept: { socket in
                        socket.writeAndFlush(ByteBuffer(string: "hello")).whenComplete { _ in
                            socket.close(promise: nil)
                        }
                    },
                    completion: { promise.completeWith($0.map { NIOLoopBound($0, eventLoop: loop) }) }
                )
            } catch {
                promise.fail(error)
            }
        }
        return try await promise.futureResult.get()
    }

    private func dial(_ path: String, _ links: SymbolicLinks = .refused) async throws -> Bool {
        let socket = try await self.loop.flatSubmit { [loop] in Dialer().connect(path: path, links, on: loop) }.get()
        try? await socket.close()
        return true
    }

    @Test func whoDialsTheListenersPathReachesIt() async throws {
        let path = self.folder.path("a")
        let listener = try await self.listen(path)
        let answer = self.loop.makePromise(of: String.self)
        try await self.loop.flatSubmit { [loop] in
            // At once: the socket may be closed by the time of another hop.
            Dialer().connect(path: path, .refused, on: loop).assumeIsolated().map { socket in
                do {
                    try socket.pipeline.syncOperations.addHandler(FirstRead(answer))
                    socket.read()
                } catch {
                    answer.fail(error)
                }
            }.nonisolated()
        }.get()
        #expect(try await answer.futureResult.get() == "hello")
        try await self.loop.submit { listener.value.close() }.get()
    }

    @Test func theFileIsGoneWithTheListener() async throws {
        let path = self.folder.path("a")
        let listener = try await self.listen(path)
        #expect(SocketFolder.mode(path) == 0o600)
        try await self.loop.submit {
            listener.value.close()
            #expect(!SocketFolder.exists(path))
            // Closing again must not remove what another has made there.
            close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600))
            listener.value.close()
            #expect(SocketFolder.exists(path))
        }.get()
        await #expect(throws: (any Error).self) { try await self.dial(path) }
    }

    @Test func aLinkIsNotDialledForSomebodyElse() async throws {
        let path = self.folder.path("a")
        let link = self.folder.path("link")
        symlink(path, link)
        let listener = try await self.listen(path)
        await #expect(throws: SSHError.self) { try await self.dial(link) }
        #expect(try await self.dial(link, .followed))
        try await self.loop.submit { listener.value.close() }.get()
    }

    @Test func whatIsNoSocketCannotBeDialled() async throws {
        self.folder.write("file")
        let paths = ["file", "nothing", String(repeating: "a", count: 108)].map { self.folder.path($0) }
        for path in paths {
            await #expect(throws: (any Error).self) { try await self.dial(path) }
            await #expect(throws: (any Error).self) { try await self.dial(path, .followed) }
        }
    }
}

private final class FirstRead: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<String>

    init(_ promise: EventLoopPromise<String>) {
        self.promise = promise
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.promise.succeed(String(buffer: self.unwrapInboundIn(data)))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.promise.fail(ChannelError.ioOnClosedChannel)
    }
}
