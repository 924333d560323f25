/// Where a client has the relay listen that no other client can have at the same time.
enum HeldPlace: Hashable, Sendable, CustomStringConvertible {
    /// - Parameter addresses: as the system takes them.
    case port(UInt16, addresses: [String])
    case name(RegisteredName)

    /// What requests wait for in one line.
    enum Line: Hashable, Sendable {
        case port(UInt16)
        case name(RegisteredName)
    }

    var line: Line {
        switch self {
        case .port(let port, _): .port(port)
        case .name(let name): .name(name)
        }
    }

    var hasSockets: Bool {
        if case .port = self { true } else { false }
    }

    /// For the log.
    var description: String {
        switch self {
        case .port(let port, _): "port \(port)"
        case .name(let name): "name \(name)"
        }
    }

    /// Whether who holds it is in the way of who wants the other one.
    func conflicts(with other: HeldPlace) -> Bool {
        switch (self, other) {
        case (.port(let port, let addresses), .port(let otherPort, let others)):
            port == otherPort && addresses.contains { ListenerRegistry.conflicts($0, with: others) }
        case (.name(let name), .name(let other)): name == other
        case (.port, .name), (.name, .port): false
        }
    }
}
