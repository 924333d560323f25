public import NIOCore
public import SSHWire

/// What an engine tells the layer above.
public enum Event: Sendable {
    /// Client: the server says something before its identification line (RFC 4253 §4.2), its first line being number 0. Not
    /// to be printed raw.
    case lineBeforeIdentification(String, number: Int)
    /// The peer's identification line came.
    case identification(String)
    /// Client: decide whether the host key is the right one, then call `acceptHostKey()` or end the connection.
    case hostKey(HostKeyToVerify)
    /// A key signs that is held elsewhere: see to its signature, then call `provide(signature:for:)` or `failSignature(for:_:)`.
    indirect case signatureWanted(SignatureRequest)
    /// A key exchange has ended.
    case newKeys(NegotiatedAlgorithms, isFirst: Bool)
    /// The peer says something about what it does (RFC 4253 §11.3). Not to be printed raw.
    case debug(Debug)
    /// Client: the server has something to say to people (RFC 4252 §5.4). Not to be printed raw.
    case banner(ByteBuffer)
    /// Server, if the configuration says `announcesLogin`: somebody asks for this account for the first time; nothing
    /// is answered until `beginLogin` is called.
    case loginBegins(user: String)
    /// Server: decide, then call `answerAuthentication`.
    case authenticationRequest(AuthenticationRequest)
    /// Server: a try failed without being put to the layer above; client: a key was refused.
    case authenticationFailed(user: String)
    /// The user is logged in.
    case authenticated

    /// The peer asks for something; answer with `answerGlobalRequest` if there is a number.
    case globalRequest(GlobalRequest.Request, reply: UInt64?)
    /// The peer answered our request of that number; nil data means no.
    case globalReply(UInt64, success: ByteBuffer?)

    /// There was no room for a channel, the peer's or ours. The peer has been told.
    case channelShortage(ChannelShortage)
    /// The peer opens a channel: call `confirmChannel` or `refuseChannel`.
    case channelOpen(ChannelID, ChannelOpen.Kind)
    /// The peer confirmed ours.
    case channelConfirmed(ChannelID)
    /// The peer refused ours, which is gone.
    case channelRefused(ChannelID, ChannelOpenFailure.Reason, String)
    case channelData(ChannelID, ByteBuffer)
    /// Data of another kind than the ordinary: standard error (RFC 4254 §5.2).
    case channelExtendedData(ChannelID, type: UInt32, ByteBuffer)
    case channelEOF(ChannelID)
    /// The peer closed the channel: call `closeChannel` when what came before has reached its sink.
    case channelCloseReceived(ChannelID)
    /// Neither side will send anything more; the name stands for nothing from now on.
    case channelClosed(ChannelID)
    /// Answer with `answerChannelRequest` if there is a number.
    case channelRequest(ChannelID, name: String, data: ByteBuffer, reply: UInt64?)
    case channelReply(ChannelID, success: Bool)
    /// What was queued has been taken: go on sending.
    case channelWritable(ChannelID)
}
