import NIOCore
import SSHCrypto
import SSHProtocol

extension ConnectionOptions {
    /// What ssh_config says of a connection.
    public init(_ configuration: ClientConfiguration) {
        self.init()
        self.algorithms.ciphers = configuration.ciphers.compactMap(CipherAlgorithm.init(rawValue:))
        self.algorithms.macs = configuration.macs.compactMap(MACAlgorithm.init(rawValue:))
        self.algorithms.keyExchange = configuration.kexAlgorithms.compactMap(KeyExchangeAlgorithm.init(rawValue:))
        self.userKeyAlgorithms = configuration.pubkeyAcceptedAlgorithms
        self.versionAddendum = configuration.versionAddendum
        if let bytes = configuration.rekeyLimit.bytes { self.rekeyLimit.bytes = bytes }
        if let seconds = configuration.rekeyLimit.seconds { self.rekeyLimit.time = .seconds(Int64(seconds)) }
        let interval = configuration.serverAliveInterval
        self.keepalive = Keepalive(
            interval: interval > 0 ? .seconds(Int64(interval)) : nil,
            countMaximum: configuration.serverAliveCountMax
        )
        self.tcpKeepAlive = configuration.tcpKeepAlive
        self.connectTimeout = configuration.connectSeconds.map { .seconds($0) }
        self.loginTimeout = .seconds(configuration.loginSeconds)
        self.connectionAttempts = configuration.connectionAttempts
        self.addressFamily = configuration.addressFamily
        self.bindAddress = configuration.bindAddress
        self.bindInterface = configuration.bindInterface
    }
}

extension ForwardOptions {
    /// What ssh_config says of forwards.
    public init(_ configuration: ClientConfiguration) {
        self.init()
        self.gatewayPorts = configuration.gatewayPorts
        self.exitOnForwardFailure = configuration.exitOnForwardFailure
        self.permitRemoteOpen = configuration.permitRemoteOpen
        self.streamLocalBindMask = configuration.streamLocalBindMask
        self.streamLocalBindUnlink = configuration.streamLocalBindUnlink
    }
}

extension ClientConfiguration {
    /// LocalForward, DynamicForward and RemoteForward.
    public var forwardRequests: [ForwardRequest] {
        (self.localForwards + self.dynamicForwards).map { ForwardRequest(.local, $0) }
            + self.remoteForwards.map { ForwardRequest(.remote, $0) }
    }
}
