public import NIOCore
import SSHCrypto
import SSHWire

extension EngineConfiguration {
    /// Server: what a client gets to hear that is not served: a line before our identification (RFC 4253 §4.2), as sshd says it,
    /// and a DISCONNECT, which clients show to people.
    public func refusal(_ line: String, because reason: String) -> ByteBuffer {
        var transmitter = PacketTransmitter()
        transmitter.appendIdentification(Array(line.utf8))
        transmitter.appendIdentification(self.preparation.identification)
        let goodbye = Disconnect(reason: .tooManyConnections, message: "\(line): \(reason)")
        // The line alone says enough.
        try? transmitter.send(header: goodbye.payload().buffer, body: ByteBuffer(), random: SystemRandom())
        return transmitter.takeOutput()
    }
}
