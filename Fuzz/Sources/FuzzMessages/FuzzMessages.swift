import FuzzSupport
import NIOCore
import SSHWire

/// Every message decoder, an agent's answers included. What it reads it must be able to write, and read again as the same bytes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMessages(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let payload = ByteBuffer(bytes: UnsafeBufferPointer(start: start, count: count))
    for type in decoders { tryDecoding(type, payload) }
    _ = try? AgentAnswer(payload: payload)
    var reader = AgentMessageReader()
    reader.append(payload)
    while let message = try? reader.next() { _ = try? AgentAnswer(payload: message) }
    return 0
}

private let decoders: [any WireMessage.Type] = [
    Disconnect.self, Unimplemented.self, Debug.self, ServiceRequest.self, ServiceAccept.self, ExtensionInfo.self,
    NewKeys.self, Ping.self, Pong.self, KeyExchangeInit.self, KeyExchangeECDHInit.self, KeyExchangeECDHReply.self,
    UserAuthenticationRequest.self, UserAuthenticationFailure.self, UserAuthenticationSuccess.self,
    UserAuthenticationBanner.self, UserAuthenticationPublicKeyOK.self, GlobalRequest.self, RequestSuccess.self,
    RequestFailure.self, ChannelOpen.self, ChannelOpenConfirmation.self, ChannelOpenFailure.self,
    ChannelWindowAdjust.self, ChannelData.self, ChannelExtendedData.self, ChannelEOF.self, ChannelClose.self,
    ChannelSuccess.self, ChannelFailure.self, ChannelRequest.self,
]

private func tryDecoding<Message: WireMessage>(_ type: Message.Type, _ payload: ByteBuffer) {
    // Each decoder sees the bytes behind the number, whatever number the input has.
    var reader = WireReader(payload)
    guard let message = try? Message(from: &reader), (try? reader.expectEnd()) != nil else { return }
    let written = message.payload()
    guard let again = try? Message(payload: WireReader(written.buffer)) else {
        fatalError("\(message) was read but cannot be read again")
    }
    guard again.payload().bytes == written.bytes else { fatalError("\(message) does not write what it reads") }
}

@main
enum FuzzMessages {
    static func main() {
        FuzzDriver.run { fuzzMessages($0, $1) }
    }
}
