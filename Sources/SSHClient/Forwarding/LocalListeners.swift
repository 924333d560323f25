import NIOCore
import SSHForwarding

/// What this machine listens on for local forwards. Everything happens on one event loop.
final class LocalListeners {
    /// Gets each socket, connected and unread, and the forward that it belongs to.
    var onAccept: (any Channel, ForwardSpecification) -> Void = { socket, _ in socket.close(promise: nil) }
    private let addressFamily: ClientAddressFamily
    private let onEvent: (@Sendable (ConnectionEvent) -> Void)?
    private var ports: [PortListener] = []
    private var paths: [UnixListener] = []
    private var isClosed = false

    init(_ options: ConnectionOptions) {
        self.addressFamily = options.addressFamily
        self.onEvent = options.onEvent
    }

    func close() {
        self.isClosed = true
        for listener in self.ports { listener.close() }
        self.ports = []
        for listener in self.paths { listener.close() }
        self.paths = []
    }

    /// - Parameter completion: gets the port, nil for a Unix socket, or why there is no listener. Never called after `close`.
    func listen(
        _ request: ForwardRequest,
        _ options: ForwardOptions,
        on eventLoop: any EventLoop,
        _ completion: @escaping (Result<UInt16?, any Error>) -> Void
    ) {
        switch request.specification.listen {
        case .port(let bindAddress, let port):
            PortListener.listen(
                addresses: bindAddress.localBinding(gatewayPorts: options.gatewayPorts).addresses(self.addressFamily),
                port: port,
                on: eventLoop,
                onAccept: { self.onAccept($0, request.specification) },
                completion: { self.listens(request, $0, completion) }
            )
        case .path(let path):
            do {
                // Whoever calls this program acts with their own rights: links lead where they lead.
                let file = try UnixSocketFile.bind(
                    path: path,
                    mask: options.streamLocalBindMask,
                    links: .followed,
                    unlinks: options.streamLocalBindUnlink
                )
                UnixListener.listen(
                    on: file,
                    eventLoop: eventLoop,
                    remove: { file.remove() },
                    onAccept: { self.onAccept($0, request.specification) },
                    completion: { self.listens(request, $0, completion) }
                )
            } catch {
                completion(.failure(error))
            }
        }
    }

    private func listens(
        _ request: ForwardRequest,
        _ result: Result<PortListener, any Error>,
        _ completion: (Result<UInt16?, any Error>) -> Void
    ) {
        switch result {
        case .success(let listener):
            guard !self.isClosed else { return listener.close() }
            self.ports.append(listener)
            for failure in listener.failures {
                let (address, port) = (failure.address, listener.port)
                self.tell(.bindFailed(request, address: address, port: port, failure.error))
            }
            self.tell(.listening(request, addresses: listener.addresses, port: listener.port))
            completion(.success(listener.port))
        case .failure(let error):
            completion(.failure(error))
        }
    }

    private func listens(
        _ request: ForwardRequest,
        _ result: Result<UnixListener, any Error>,
        _ completion: (Result<UInt16?, any Error>) -> Void
    ) {
        switch result {
        case .success(let listener):
            guard !self.isClosed else { return listener.close() }
            self.paths.append(listener)
            self.tell(.listeningOnPath(request, path: listener.path))
            completion(.success(nil))
        case .failure(let error):
            completion(.failure(error))
        }
    }

    private func tell(_ event: ForwardEvent) {
        self.onEvent?(.forward(event))
    }
}

extension LocalBinding {
    /// What the system's listening sockets bind to.
    func addresses(_ family: ClientAddressFamily) -> [String] {
        let pair: (inet: String, inet6: String)
        switch self {
        case .loopback: pair = ("127.0.0.1", "::1")
        case .everyAddress: pair = ("0.0.0.0", "::")
        case .address(let address): return [address]
        }
        switch family {
        case .any: return [pair.inet, pair.inet6]
        case .inet: return [pair.inet]
        case .inet6: return [pair.inet6]
        }
    }
}
