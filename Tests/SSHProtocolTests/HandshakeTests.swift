import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

struct HandshakeTests {
    @Test(arguments: CipherAlgorithm.allCases, KeyExchangeAlgorithm.allCases)
    func everyCipherWithEveryKeyExchangeCarriesData(cipher: CipherAlgorithm, keyExchange: KeyExchangeAlgorithm) throws {
        let pair = try EnginePair(
            client: {
                $0.algorithms.ciphers = [cipher]
                $0.algorithms.keyExchange = [keyExchange]
            },
            server: { $0.algorithms.keyExchange = KeyExchangeAlgorithm.allCases }
        )
        try pair.logIn()
        let id = try pair.openChannel()
        let data = [UInt8].pattern(100_000)
        pair.client.send(ByteBuffer(bytes: data), on: id)
        pair.run()
        #expect(pair.receivedByServer[0] == data)
    }

    @Test(arguments: MACAlgorithm.allCases)
    func everyMACCarriesData(mac: MACAlgorithm) throws {
        let pair = try EnginePair(client: {
            $0.algorithms.ciphers = [.aes128CTR]
            $0.algorithms.macs = [mac]
        })
        try pair.logIn()
        let id = try pair.openChannel()
        pair.client.send(ByteBuffer(string: "hello"), on: id)
        pair.run()
        #expect(pair.receivedByServer[0] == Array("hello".utf8))
    }

    @Test(arguments: UInt64(1)...20)
    func bytesCutAnywhereMakeNoDifference(seed: UInt64) throws {
        // In each second run the length field is encrypted, and looked at before the rest has come.
        let pair = try EnginePair(
            seed: seed,
            cut: true,
            client: {
                guard seed % 2 == 0 else { return }
                $0.algorithms.ciphers = [.aes128CTR]
                $0.algorithms.macs = [seed % 4 == 0 ? .hmacSHA256 : .hmacSHA512]
            }
        )
        try pair.logIn()
        let id = try pair.openChannel()
        let data = [UInt8].pattern(20_000, seed: seed)
        pair.client.send(ByteBuffer(bytes: data), on: id)
        pair.run()
        #expect(pair.receivedByServer[0] == data)
        #expect(pair.clientError == nil && pair.serverError == nil)
    }

    @Test func nothingInCommonIsRefusedWithTheirOffer() throws {
        let pair = try EnginePair(
            client: { $0.algorithms.ciphers = [.aes128CTR] },
            server: { $0.algorithms.ciphers = [.aes256GCM] }
        )
        pair.run()
        #expect(pair.clientError?.code == .noCommonAlgorithm)
        #expect(pair.clientError?.reason == "no matching cipher found. Their offer: aes256-gcm@openssh.com")
    }

    @Test func whatOnlyAListOffersIsNamedToWhoCouldHaveConnectedWithIt() throws {
        let pair = try EnginePair(client: { $0.algorithms.keyExchange = [.group16SHA512, .group14SHA256] })
        pair.run()
        #expect(pair.serverError?.code == .noCommonAlgorithm)
        #expect(
            pair.serverError?.reason == """
                no matching key exchange method found. Their offer: diffie-hellman-group16-sha512,\
                diffie-hellman-group14-sha256,ext-info-c,kex-strict-c-v00@openssh.com
                """
        )
        #expect(
            pair.serverError?.advice
                == "KexAlgorithms +diffie-hellman-group14-sha256 would find a key exchange method in common"
        )
        // Nothing would help the others.
        let other = try EnginePair(client: { $0.algorithms.ciphers = [] })
        other.run()
        #expect(other.serverError?.code == .noCommonAlgorithm && other.serverError?.advice == nil)
    }

    @Test func theServerSaysWhichSignaturesItAccepts() throws {
        let pair = try EnginePair()
        try pair.logIn()
        #expect(pair.client.transport.peerExtensionInfo.signatureAlgorithms == AlgorithmPreferences.userKeySignatures)
        #expect(pair.client.transport.peerExtensionInfo.acceptsHostBound)
    }

    @Test func extensionInfoFromAClientAfterItsTimeIsRefused() throws {
        let pair = try EnginePair()
        try pair.logIn()
        try pair.send(ExtensionInfo(extensions: []), from: .client)
        #expect(pair.serverError?.code == .protocolViolation)
    }

    @Test func anExtensionCountOutOfAllBoundsCostsNothing() throws {
        var writer = WireWriter()
        writer.writeByte(MessageNumber.extensionInfo.rawValue)
        writer.writeUInt32(0xffff_ffff)
        let pair = try EnginePair()
        try pair.logIn()
        try pair.send(payload: writer.buffer, from: .client)
        #expect(pair.serverError?.code == .limitExceeded)
    }

    @Test func bothSidesComeToTheSameSessionIdentifier() throws {
        let pair = try EnginePair()
        try pair.logIn()
        #expect(pair.client.sessionIdentifier == pair.server.sessionIdentifier)
        #expect(pair.client.sessionIdentifier.count == 32)
    }

    @Test func theSameSeedGivesTheSameBytes() throws {
        let pairs = try [EnginePair(seed: 5), EnginePair(seed: 5)]
        for pair in pairs { try pair.logIn() }
        #expect(pairs[0].client.sessionIdentifier == pairs[1].client.sessionIdentifier)
    }

    @Test func aPingIsAnsweredOnceLoggedIn() throws {
        let pair = try EnginePair()
        try pair.logIn()
        let before = pair.server.transport.transmitter.packets
        try pair.send(Ping(data: ByteBuffer(string: "are you there")), from: .client)
        #expect(pair.server.transport.transmitter.packets == before + 1)
        #expect(pair.serverError == nil && pair.clientError == nil)
    }
}
