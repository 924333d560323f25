import ArgumentParser
import Glibc
import NIOCore
import NIOPosix
import SSHClient
import SSHCrypto
import SSHForwarding
import SSHWire

/// Devices as `swssh` with `Reconnect yes` is one, all in one process, until standard input ends.
struct Returning: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Be devices that come back as swssh does, each with one remote forward.",
        discussion: "It prints what `fleet` prints."
    )

    @OptionGroup var target: Target

    @Option(help: "How many.")
    var count: Int

    func run() async throws {
        let state = FleetState(count: self.count)
        let key = try PrivateKeyFile.parse(try Client.read(self.target.key)).key
        for index in 0..<self.count {
            let destination = self.destination(index, key)
            var options = ReconnectOptions()
            options.onEvent = { event, _ in
                switch event {
                case .allStand: state.stands()
                case .disconnected(_, wasConnected: true, _): state.isLost()
                case .disconnected(let error, wasConnected: false, _):
                    state.failed(wasDropped: (error as? ConnectionFailure)?.stage != .connecting)
                default: break
                }
            }
            let forwards = ReconnectingForwards(
                // One address: a listener on localhost would hold two descriptors of the server.
                [
                    ForwardRequest(
                        .remote,
                        ForwardSpecification(listen: .port(.address("127.0.0.1"), 0), target: .socks)
                    )
                ],
                options: options,
                on: MultiThreadedEventLoopGroup.singleton.next()
            ) { destination }
            Task { try await forwards.run() }
        }
        try await NIOThreadPool.singleton.runIfActive { while readLine() != nil {} }
    }

    private func destination(_ index: Int, _ key: any SigningKey) -> SSHDestination {
        var destination = SSHDestination(
            host: "127.0.0.1",
            port: UInt16(clamping: self.target.port),
            user: self.target.user,
            identities: [key],
            hostKeys: .decided(by: { _ in true })
        )
        destination.options.bindAddress = Hold.source(index)
        return destination
    }
}
