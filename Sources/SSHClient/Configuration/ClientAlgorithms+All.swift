import SSHCrypto
import SSHProtocol

extension ClientAlgorithms {
    /// Everything there is here, in its order of preference.
    public static let all: ClientAlgorithms = {
        let algorithms = AlgorithmPreferences()
        return ClientAlgorithms(
            ciphers: algorithms.ciphers.map(\.rawValue),
            macs: algorithms.macs.map(\.rawValue),
            kexAlgorithms: algorithms.keyExchange.map(\.rawValue),
            kexAlgorithmsByName: KeyExchangeAlgorithm.allCases.filter(\.isByNameOnly).map(\.rawValue),
            hostKeyAlgorithms: AlgorithmPreferences.hostCertificates + algorithms.hostKey,
            pubkeyAcceptedAlgorithms: AlgorithmPreferences.userKeySignatures
        )
    }()
}
