public import NIOCore
public import SSHProtocol
public import SSHWire

/// What decides on behalf of one SSH connection: the relay's account and policy, or the client's host key check. All calls
/// come on the connection's event loop.
public protocol ConnectionOwner: AnyObject {
    /// Client: a line before the server's identification. Not to be printed raw.
    func connection(_ connection: ConnectionHandler, lineBeforeIdentification line: String, number: Int)
    func connectionIdentified(_ connection: ConnectionHandler, peer: String)
    func connectionNegotiated(_ connection: ConnectionHandler, _ algorithms: NegotiatedAlgorithms, isFirst: Bool)
    /// Client: call `perform { try $0.acceptHostKey() }` or `fail`.
    func connection(_ connection: ConnectionHandler, verify hostKey: HostKeyToVerify)
    /// A key signs that is held elsewhere: complete the promise with the whole signature blob, now or later, from any thread, or fail it.
    /// What comes after the connection's end counts for nothing.
    func connection(
        _ connection: ConnectionHandler,
        sign request: SignatureRequest,
        _ signature: EventLoopPromise<[UInt8]>
    )
    /// The peer says something about what it does (RFC 4253 §11.3). Not to be printed raw.
    func connection(_ connection: ConnectionHandler, debug: Debug)
    func connection(_ connection: ConnectionHandler, banner: ByteBuffer)
    /// Server: call `perform { try $0.beginLogin() }`, after a banner if there is one.
    func connection(_ connection: ConnectionHandler, loginBeginsFor user: String)
    /// Server: call `perform { try $0.answerAuthentication(isAllowed:) }`.
    func connection(_ connection: ConnectionHandler, authenticate request: AuthenticationRequest)
    func connection(_ connection: ConnectionHandler, authenticationFailedFor user: String)
    func connectionAuthenticated(_ connection: ConnectionHandler)
    func connection(_ connection: ConnectionHandler, request: GlobalRequest.Request, reply: UInt64?)
    func connection(_ connection: ConnectionHandler, reply: UInt64, success: ByteBuffer?)
    /// A channel, the peer's or ours, could not be opened for this reason. The peer has been told.
    func connection(_ connection: ConnectionHandler, lacksRoom shortage: ChannelShortage)
    /// Call `ConnectionHandler.accept` or `refuse`, now or later.
    func connection(_ connection: ConnectionHandler, open channel: ChannelID, _ kind: ChannelOpen.Kind)
    /// The last call: the connection is gone, and why. All its channels are closed by then.
    func connectionEnded(_ connection: ConnectionHandler, _ reason: SSHError)
}

extension ConnectionOwner {
    public func connection(_ connection: ConnectionHandler, lineBeforeIdentification line: String, number: Int) {}

    public func connection(_ connection: ConnectionHandler, debug: Debug) {}

    public func connection(
        _ connection: ConnectionHandler,
        sign request: SignatureRequest,
        _ signature: EventLoopPromise<[UInt8]>
    ) {
        signature.fail(SSHError(.signatureUnavailable, "nobody signs with keys that are held elsewhere"))
    }

    public func connection(_ connection: ConnectionHandler, lacksRoom shortage: ChannelShortage) {}

    public func connection(_ connection: ConnectionHandler, loginBeginsFor user: String) {
        connection.perform { try $0.beginLogin() }
    }
}
