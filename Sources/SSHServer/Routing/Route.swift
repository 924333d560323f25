import SSHWire

/// Where a tunnel leads that a client opens.
enum Route {
    /// A socket that is dialled. The name is looked up now, after it was judged.
    ///
    /// - Parameters:
    ///   - announcesClient: who is called there is told by whom, in a PROXY header.
    ///   - avoidsOwnDoors: it must not be the relay itself that is found there.
    case socket(host: String, port: UInt32, announcesClient: Bool, avoidsOwnDoors: Bool)
    /// A listener that a client of this relay has: both are joined in memory, without TCP to ourselves.
    ///
    /// - Parameter address: the one that is bound there.
    case listener(any ListenerHolder, address: String, port: UInt16)
    case unixSocket(path: String)
    /// The device that has the name, or will not be found.
    case name(RegisteredName)
    /// The same, through a port that `connect` has opened.
    case connectPort(UInt16, RegisteredName)
}

/// Where a client has the relay listen.
enum ListeningPlace {
    /// - Parameter addresses: as the system takes them.
    case port(UInt16, addresses: [String])
    /// No socket: clients of the relay find the device by it.
    case name(RegisteredName)
    /// - Parameters:
    ///   - mask: the permission bits that the file does not get.
    ///   - unlinks: whether a socket's file that stands in the way is removed.
    case unixSocket(path: String, mask: UInt32, unlinks: Bool)
}

/// A rule stands against it.
struct RouteRefusal: Error {
    let rule: Rule
}
