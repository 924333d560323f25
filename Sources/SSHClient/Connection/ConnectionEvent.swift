public import NIOCore
public import SSHForwarding
public import SSHProtocol

/// What happens on a connection, from its beginning to its end. What the server says is not to be printed raw.
public enum ConnectionEvent: Sendable {
    // MARK: The way to the server

    /// What is connected to next is this proxy.
    case connectingThrough(ProxyServer)
    case connecting(to: SocketAddress)
    case connectFailed(to: SocketAddress, any Error)
    case connected
    /// ProxyCommand.
    case runsCommand(String)

    // MARK: The login

    /// The server says something before its identification line (RFC 4253 §4.2), its first line being number 0.
    case lineBeforeIdentification(String, number: Int)
    case identified(String)
    /// A key exchange has ended.
    case negotiated(NegotiatedAlgorithms, isFirst: Bool)
    case hostKeyShown(HostKeyToVerify)
    /// A text for people (RFC 4252 §5.4).
    case banner(ByteBuffer)
    /// The server refused a key, or asks for another one besides.
    case keyRefused
    case loggedIn

    // MARK: Afterwards

    case forward(ForwardEvent)
    /// The server says something about what it does (RFC 4253 §11.3), such as why it refuses a forward.
    case debugMessage(ByteBuffer, alwaysDisplay: Bool)
    /// The server opened a channel of a kind that nobody asked for; it was refused.
    case channelRefused(kind: String)
    /// There was no room for a channel, the server's or ours.
    case channelShortage(ChannelShortage)
    /// The server did not prove that it has the host keys that it told of; none is added.
    case hostKeysUnproved
    /// The last one.
    case ended(ConnectionFailure)
}

/// What happens with the forwards of a connection.
public enum ForwardEvent: Sendable {
    /// We listen for it, on this machine.
    case listening(ForwardRequest, addresses: [String], port: UInt16)
    /// The same on a Unix socket.
    case listeningOnPath(ForwardRequest, path: String)
    /// One of several addresses to listen on could not be bound; the others are.
    case bindFailed(ForwardRequest, address: String, port: UInt16, any Error)
    /// The server listens for it.
    ///
    /// - Parameter port: the one asked for, or the one that the server chose; nil for a Unix socket.
    case serverListens(ForwardRequest, port: UInt16?)
    /// It could not be set up.
    case failed(ForwardRequest, any Error)
    /// The server does not connect to where somebody here wants to go.
    case targetRefused(ForwardTarget, TunnelRefusal, isSOCKS: Bool)
    /// This machine cannot connect to where somebody at the server wants to go.
    case targetUnreachable(ForwardTarget, any Error)
    /// The server sent a connection to a listener that nobody asked it for; it was refused.
    case unknownListener(String)
    /// Somebody here names a target over SOCKS.
    case socksTarget(ForwardTarget)
    /// Somebody does not speak SOCKS as they should.
    ///
    /// - Parameter isRemote: at the server.
    case socksFailed(String, isRemote: Bool)
    /// PermitRemoteOpen does not allow this target.
    case socksTargetNotPermitted(ForwardTarget)
}
