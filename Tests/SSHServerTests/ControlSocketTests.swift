import Glibc
import Logging
import NIOCore
import NIOPosix
import SSHSystem
import SSHTestFixtures
import SSHWire
import Testing

@testable import SSHServer

/// The socket itself, with a relay in memory behind it.
struct ControlSocketTests {
    private let folder = TemporaryFolder()
    private let relay = OperatedFixture()
    private var path: String { "\(self.folder.path)/control" }

    private func open() async throws -> ControlSocket {
        try await ControlSocket.open(
            self.path,
            on: MultiThreadedEventLoopGroup.singleton.next(),
            RelayOperation(relay: self.relay),
            logger: { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
        )
    }

    /// Away from the threads of tasks, which the reply needs.
    private func ask(_ command: OperatorCommand) async throws -> [OperatorReplyLine] {
        let path = self.path
        return try await NIOThreadPool.singleton.runIfActive {
            var lines: [OperatorReplyLine] = []
            try ControlSocketClient(path: path).ask(command, patience: 300) { lines.append($0) }
            return lines
        }
    }

    /// Sends bytes and gives what comes until the end.
    private func exchange(_ bytes: [UInt8]) async throws -> String {
        let path = self.path
        return try await NIOThreadPool.singleton.runIfActive {
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            let address = try #require(UnixAddress(path))
            let isConnected = address.connect(descriptor)
            #expect(isConnected)
            // The relay may hang up in the middle.
            _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            var received: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 {
                received += buffer[..<count]
            }
            return String(decoding: received, as: UTF8.self)
        }
    }

    private func mode() -> mode_t? {
        var status = stat()
        return lstat(self.path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK ? status.st_mode & 0o777 : nil
    }

    @Test func commandsAreAnswered() async throws {
        for number in 1...600 { self.relay.add(UInt64(number), "device", ports: [8080]) }
        let control = try await self.open()
        let list = try await self.ask(.list)
        #expect(list.count == 601 && list.last == .end)
        #expect(try await self.ask(.kick(.account("device"))) == [.kicked(600)])
        #expect(try await self.ask(.kick(.account("device"))) == [.kicked(0)])
        #expect(try await self.ask(.list) == [.end])
        #expect(try await self.ask(.status) == [.status(self.relay.status)])
        #expect(try await self.ask(.reload) == [.reloaded])
        await control.close()
    }

    @Test func theFileIsTheUsersAndTheGroupsAndGoesWithTheRelay() async throws {
        let control = try await self.open()
        #expect(self.mode() == 0o660)
        #expect(await control.isOpen())
        unlink(self.path)
        #expect(await !control.isOpen())
        await control.close()
        let again = try await self.open()
        await again.close()
        #expect(self.mode() == nil)
        await #expect(throws: SSHError.self) { try await self.ask(.status) }
    }

    @Test func aDeadRelaysFileMakesWayAndALivingOnesNever() async throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let address = try #require(UnixAddress(self.path))
        let isBound = address.bind(descriptor)
        #expect(isBound)
        close(descriptor)
        let control = try await self.open()
        await #expect(throws: ControlSocket.Occupied.self) { try await self.open() }
        #expect(try await self.ask(.status) == [.status(self.relay.status)])
        await control.close()
    }

    @Test func aFileThatIsNoSocketStays() async throws {
        self.folder.write("control", "precious")
        await #expect(throws: SSHError.self) { try await self.open() }
        #expect(access(self.path, F_OK) == 0)
    }

    @Test(arguments: [
        [UInt8](repeating: 0xff, count: 100_000), Array("GET / HTTP/1.1\r\n\r\n".utf8), Array("\n".utf8),
        Array("{\"relay\":1,\"command\":\"status\"}\n{\"relay\":1,\"command\":\"status\"}\n".utf8),
    ])
    func whatIsNoRequestEndsThatClientAlone(_ bytes: [UInt8]) async throws {
        let control = try await self.open()
        let reply = try await self.exchange(bytes)
        #expect(reply.isEmpty || reply.hasPrefix("{\"relay\":1,\"reply\":\"failed\""))
        #expect(try await self.ask(.status) == [.status(self.relay.status)])
        await control.close()
    }

    @Test func moreThanEightAtATimeAreTurnedAway() async throws {
        let control = try await self.open()
        let descriptors = try (0..<8).map { _ in
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            let address = try #require(UnixAddress(self.path))
            let isConnected = address.connect(descriptor)
            #expect(isConnected)
            return descriptor
        }
        #expect(try await self.exchange(Array("{\"relay\":1,\"command\":\"status\"}\n".utf8)) == "")
        for descriptor in descriptors { close(descriptor) }
        // Their places are free as soon as the relay has seen that they are gone.
        var reply = ""
        while reply.isEmpty { reply = try await self.exchange(Array(OperatorCommand.list.line.utf8)) }
        #expect(reply == OperatorReplyLine.end.line)
        await control.close()
    }
}
