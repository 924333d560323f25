import NIOCore
import SSHWire
import Testing

/// Each message once, with every form its fields can take.
private let samples: [any WireMessage & Equatable] = [
    Disconnect(reason: .byApplication, message: "bye"),
    Unimplemented(sequenceNumber: 7),
    Debug(alwaysDisplay: true, message: ByteBuffer(string: "debug")),
    ServiceRequest(service: "ssh-userauth"),
    ServiceAccept(service: "ssh-userauth"),
    ExtensionInfo(extensions: [("server-sig-algs", ByteBuffer(string: "ssh-ed25519")), ("x", ByteBuffer())]),
    NewKeys(),
    Ping(data: ByteBuffer(string: "ping")),
    Pong(data: ByteBuffer(string: "pong")),
    KeyExchangeInit(
        cookie: [UInt8](0..<16),
        keyExchange: ["curve25519-sha256", "ext-info-c"],
        hostKey: ["ssh-ed25519"],
        ciphers: ["aes256-gcm@openssh.com"],
        macs: [],
        firstKeyExchangePacketFollows: true
    ),
    KeyExchangeECDHInit(initiatorValue: [1, 2, 3]),
    KeyExchangeECDHReply(hostKey: [1], responderValue: [2], signature: [3]),
    UserAuthenticationRequest(user: "alice", method: .none),
    UserAuthenticationRequest(
        user: "alice",
        method: .publicKey(.init(algorithm: "ssh-ed25519", blob: [1], boundHostKey: nil, signature: nil))
    ),
    UserAuthenticationRequest(
        user: "alice",
        method: .publicKey(.init(algorithm: "ssh-ed25519", blob: [1], boundHostKey: [2], signature: [3]))
    ),
    UserAuthenticationFailure(methodsThatCanContinue: ["publickey"], partialSuccess: true),
    UserAuthenticationSuccess(),
    UserAuthenticationBanner(message: ByteBuffer(string: "hello")),
    UserAuthenticationPublicKeyOK(algorithm: "ssh-ed25519", blob: [1, 2]),
    GlobalRequest(.tcpipForward(ForwardAddress(host: "", port: 0)), wantReply: true),
    GlobalRequest(.cancelTCPIPForward(ForwardAddress(host: "localhost", port: 8080)), wantReply: false),
    GlobalRequest(.streamLocalForward(path: "/run/a.sock"), wantReply: true),
    GlobalRequest(.cancelStreamLocalForward(path: ""), wantReply: false),
    GlobalRequest(.other(name: "keepalive@openssh.com", data: ByteBuffer()), wantReply: true),
    RequestSuccess(data: ByteBuffer(integer: UInt32(8080))),
    RequestFailure(),
    ChannelOpen(kind: .session, senderChannel: 1, initialWindow: 2, maximumPacket: 3),
    ChannelOpen(
        kind: .directTCPIP(TunnelAddresses(host: "h", port: 1, originatorAddress: "o", originatorPort: 2)),
        senderChannel: 1,
        initialWindow: 2,
        maximumPacket: 3
    ),
    ChannelOpen(
        kind: .forwardedTCPIP(TunnelAddresses(host: "", port: 1, originatorAddress: "::1", originatorPort: 2)),
        senderChannel: 1,
        initialWindow: 2,
        maximumPacket: 3
    ),
    ChannelOpen(
        kind: .directStreamLocal(path: "/run/a.sock"),
        senderChannel: 1,
        initialWindow: 2,
        maximumPacket: 3
    ),
    ChannelOpen(kind: .forwardedStreamLocal(path: "/b"), senderChannel: 1, initialWindow: 2, maximumPacket: 3),
    ChannelOpenConfirmation(recipientChannel: 1, senderChannel: 2, initialWindow: 3, maximumPacket: 4),
    ChannelOpenFailure(recipientChannel: 1, reason: .connectFailed, message: "refused"),
    ChannelWindowAdjust(recipientChannel: 1, bytesToAdd: .max),
    ChannelData(recipientChannel: 1, data: ByteBuffer(string: "data")),
    ChannelExtendedData(recipientChannel: 1, type: 1, data: ByteBuffer(string: "data")),
    ChannelEOF(recipientChannel: 1),
    ChannelClose(recipientChannel: 1),
    ChannelSuccess(recipientChannel: 1),
    ChannelFailure(recipientChannel: 1),
    ChannelRequest(recipientChannel: 1, name: "shell", wantReply: true),
]

struct MessageTests {
    @Test(arguments: samples.indices)
    func readsWhatItWrote(index: Int) throws {
        try self.roundTrip(samples[index])
    }

    @Test(arguments: samples.indices)
    func isRefusedWhenCutAnywhereUnlessTheRestIsOptional(index: Int) {
        self.cutEverywhere(samples[index])
    }

    @Test func aMessageOfAnotherNumberIsRefused() {
        #expect(throws: SSHError.self) {
            try ChannelEOF(payload: WireReader(ChannelClose(recipientChannel: 1).payload().buffer))
        }
    }

    private func roundTrip<Message: WireMessage & Equatable>(_ message: Message) throws {
        let read = try Message(payload: WireReader(message.payload().buffer))
        #expect(read == message)
    }

    /// A shorter payload is refused, or it is read and written back as it was: never read beyond its end.
    private func cutEverywhere<Message: WireMessage & Equatable>(_ message: Message) {
        let whole = message.payload().bytes
        for count in 0..<whole.count {
            guard let read = try? Message(payload: WireReader(bytes: Array(whole[..<count]))) else { continue }
            #expect(Self.endsInAnOptionalField(read), "\(count) of \(whole.count) bytes of \(read)")
        }
    }

    /// Messages that end in data without a length, or in a language tag that some peers leave out.
    private static func endsInAnOptionalField(_ message: any WireMessage) -> Bool {
        message is Disconnect || message is ChannelOpenFailure || message is RequestSuccess
    }
}
