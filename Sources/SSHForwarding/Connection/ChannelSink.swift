public import NIOCore
import SSHProtocol
public import SSHWire

/// What stands behind one SSH channel: a socket, a SOCKS conversation, standard input and output, a message that is told
/// to a session. All calls come on the connection's event loop.
public protocol ChannelSink: AnyObject {
    /// The peer confirmed the channel that we opened.
    func channelConfirmed()
    /// The peer refused the channel that we opened; nothing more comes.
    func channelRefused(_ reason: ChannelOpenFailure.Reason, _ message: String)
    /// Data came. Report it with `ConnectionHandler.delivered` when it has reached its end.
    func channelRead(_ data: ByteBuffer)
    /// Data of another kind came, of which standard error is the only one defined (RFC 4254 §5.2).
    func channelReadExtended(_ type: UInt32, _ data: ByteBuffer)
    /// All that has arrived for now has been handed over.
    func channelReadComplete()
    func channelEOF()
    /// The peer closed: call `ConnectionHandler.close` when what came before has reached its end.
    func channelCloseReceived()
    /// The channel, or the whole connection, is gone.
    func channelClosed()
    /// What was queued has left: go on sending.
    func channelWritable()
    func channelRequest(_ name: String, _ data: ByteBuffer, reply: UInt64?)
    func channelReply(success: Bool)
}

extension ChannelSink {
    public func channelConfirmed() {}
    public func channelRefused(_ reason: ChannelOpenFailure.Reason, _ message: String) {}
    public func channelReadExtended(_ type: UInt32, _ data: ByteBuffer) {}
    public func channelReadComplete() {}
    public func channelWritable() {}
    public func channelReply(success: Bool) {}
}
