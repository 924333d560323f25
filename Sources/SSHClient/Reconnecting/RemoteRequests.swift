import SSHForwarding

/// What the server is asked to listen on, connection by connection. A port that the server chose is asked for again.
struct RemoteRequests {
    struct Wanted: Sendable {
        /// The server's own choice again, after so many refusals of the port that it gave before.
        private static let patience = 3

        let index: Int
        let original: ForwardRequest
        /// What the server gave the last time.
        let lastPort: UInt16?

        func request(afterRefusals count: Int) -> ForwardRequest {
            guard let port = self.lastPort, count < Self.patience,
                case .port(let address, 0) = self.original.specification.listen
            else { return self.original }
            let specification = self.original.specification
            return ForwardRequest(
                .remote,
                ForwardSpecification(listen: .port(address, port), target: specification.target)
            )
        }
    }

    struct Given: Sendable {
        let index: Int
        let port: UInt16?
    }

    private(set) var wanted: [Wanted]

    init(_ requests: [ForwardRequest]) {
        self.wanted = requests.filter { $0.side == .remote }.enumerated().map {
            Wanted(index: $0.offset, original: $0.element, lastPort: nil)
        }
    }

    mutating func given(_ given: Given) {
        let wanted = self.wanted[given.index]
        self.wanted[given.index] = Wanted(index: wanted.index, original: wanted.original, lastPort: given.port)
    }
}
