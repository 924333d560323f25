import Benchmark
import NIOCore
import SSHWire

/// The messages of a running tunnel, and those of one that opens.
func messages() {
    let address = TunnelAddresses(host: "localhost", port: 8080, originatorAddress: "127.0.0.1", originatorPort: 50_000)
    message("channel data of 32 KiB", ChannelData(recipientChannel: 1, data: ByteBuffer(repeating: 7, count: 32_768)))
    message("window adjust", ChannelWindowAdjust(recipientChannel: 1, bytesToAdd: 1 << 20))
    message("EOF", ChannelEOF(recipientChannel: 1))
    message("close", ChannelClose(recipientChannel: 1))
    message(
        "channel open",
        ChannelOpen(kind: .directTCPIP(address), senderChannel: 1, initialWindow: 1 << 21, maximumPacket: 32_768)
    )
    message(
        "keepalive",
        GlobalRequest(.other(name: "keepalive@openssh.com", data: ByteBuffer()), wantReply: true)
    )
    measure("header of channel data, as it is sent") {
        {
            var header = ByteBuffer()
            ChannelData.writeHeader(recipientChannel: 1, length: 32_768, to: &header)
            blackHole(header)
        }
    }
}

private func message<Message: WireMessage>(_ name: String, _ message: Message) {
    measure("write \(name)") { { blackHole(message.payload().buffer) } }
    let payload = WireReader(message.payload().buffer)
    measure("read \(name)") { { blackHole(try Message(payload: payload)) } }
}
