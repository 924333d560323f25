import NIOCore
import SSHCrypto
import SSHWire

/// What follows from a configuration, so that thousands of connections under the same one need not work it out each.
struct EnginePreparation: Sendable {
    /// Our identification line without its ending.
    let identification: [UInt8]
    let isIdentificationValid: Bool
    /// Server: what we can prove to be.
    let hostIdentities: [HostIdentity]
    /// Our first KEXINIT; later ones announce no features.
    let firstInit: OwnKeyExchangeInit
    let laterInit: OwnKeyExchangeInit
    /// Server: the global request that names its host keys; nil if it has none.
    let hostKeyAnnouncement: WireWriter?

    init(_ configuration: EngineConfiguration) {
        self.identification = configuration.identification
        self.isIdentificationValid = configuration.isIdentificationValid
        self.hostIdentities = configuration.hostIdentities
        let hostKeys = configuration.hostKeyAlgorithms(self.hostIdentities)
        let signals =
            switch configuration.role {
            case .client: [Negotiation.extensionInfoClient, Negotiation.strictClient]
            case .server: [Negotiation.extensionInfoServer, Negotiation.strictServer]
            }
        let algorithms = configuration.algorithms
        func makeInit(_ signals: [String]) -> OwnKeyExchangeInit {
            OwnKeyExchangeInit(
                configuration.role,
                KeyExchangeInit(
                    cookie: [],
                    keyExchange: algorithms.keyExchange.map(\.rawValue) + signals,
                    hostKey: hostKeys,
                    ciphers: algorithms.ciphers.map(\.rawValue),
                    macs: algorithms.macs.map(\.rawValue)
                )
            )
        }
        self.firstInit = makeInit(signals)
        self.laterInit = makeInit([])
        let keys = HostKeyUpdate(blobs: configuration.hostKeys.map(\.publicKey.blob))
        let announcement = GlobalRequest.Request.other(name: HostKeyUpdate.announcement, data: keys.data)
        self.hostKeyAnnouncement =
            keys.blobs.isEmpty ? nil : GlobalRequest(announcement, wantReply: false).payload()
    }
}

extension EngineConfiguration {
    /// Works out now what each engine would have to work out otherwise. What is changed afterwards undoes it.
    public mutating func prepare() {
        self.prepared = Prepared(EnginePreparation(self))
    }

    var preparation: EnginePreparation { self.prepared?.value ?? EnginePreparation(self) }

    /// On the heap, so that copies of a configuration share it.
    final class Prepared: Sendable {
        let value: EnginePreparation

        init(_ value: EnginePreparation) {
            self.value = value
        }
    }
}
