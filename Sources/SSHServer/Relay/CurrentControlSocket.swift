import Logging
import NIOCore
import SSHSystem
import SSHWire

/// The control socket that is open, which follows the configuration.
struct CurrentControlSocket {
    private let relay: RunningRelay
    private let eventLoop: any EventLoop
    private var socket: ControlSocket?

    init(_ relay: RunningRelay, on eventLoop: any EventLoop) {
        self.relay = relay
        self.eventLoop = eventLoop
    }

    mutating func follow(_ configuration: ServerConfiguration, _ logger: Logger) async {
        let path = configuration.controlSocketPath
        // Opened again also where the name is the same: somebody may have removed the file.
        if let socket, socket.path == path, await socket.isOpen() { return }
        await self.close()
        guard let path else { return }
        let context = self.relay.context
        do {
            self.socket = try await ControlSocket.open(
                path,
                on: self.eventLoop,
                RelayOperation(relay: self.relay),
                logger: { context.logger }
            )
            logger.trace("Control socket on \(path.escapedForLog).")
        } catch {
            self.say(error, path, isNamed: configuration.$controlSocket.rule != nil, logger)
        }
    }

    mutating func close() async {
        await self.socket?.close()
        self.socket = nil
    }

    /// - Parameter isNamed: a socket by default is a courtesy, and may fail; not without a word where another relay has it.
    private func say(_ error: any Error, _ path: String, isNamed: Bool, _ logger: Logger) {
        let isOccupied = error is ControlSocket.Occupied
        let reason = isOccupied ? "somebody listens there, another relay perhaps" : ErrorText.of(error)
        logger.log(
            level: isNamed || isOccupied ? .error : .trace,
            "No control socket on \(path.escapedForLog): \(reason.escapedForLog)"
        )
    }
}
