import NIOCore
import SSHClient
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire

/// Says what happens on one connection, in ssh's words.
struct ConnectionLines: Sendable {
    let log: ClientLog
    let host: String
    let port: UInt16
    /// `host:port`.
    let name: String
    private let proxy: ProxyServer?

    /// - Parameter proxy: what the TCP connection leads to instead.
    init(_ configuration: ClientConfiguration, _ log: ClientLog, through proxy: ProxyServer? = nil) {
        self.log = log
        self.proxy = proxy
        self.host = configuration.hostName
        self.port = configuration.port
        self.name = ForwardTarget.host(configuration.hostName, port: configuration.port).description
    }

    func tell(_ event: ConnectionEvent) {
        switch event {
        case .connecting(let address):
            let place = "[\(Self.shown(address))] port \(address.port ?? Int(self.port))"
            self.log.debug("Connecting to \(self.proxy?.host ?? self.host) \(place).")
        case .connectingThrough(let proxy):
            self.log.debug("The way to \(self.name) leads through the proxy \(proxy.name).")
        case .connectFailed(let address, let error):
            let place = "connect to address \(Self.shown(address)) port \(address.port ?? Int(self.port))"
            self.log.debug("\(place): \(SystemReason.of(error))")
        case .connected: self.log.debug("Connection established.")
        case .runsCommand(let command): self.log.debug("Executing proxy command: exec \(command)")
        case .lineBeforeIdentification(let line, let number):
            self.log.ofPeers.debug("banner line \(number): \(line)")
        case .identified(let peer): self.log.debug("Remote identification: \(peer)")
        case .negotiated(let algorithms, let isFirst):
            self.log.ofPeers.debug("\(isFirst ? "kex" : "rekey"): \(algorithms)")
        case .hostKeyShown(let shown): self.log.debug("Server host key: \(shown.key.type) \(shown.key.fingerprint)")
        case .banner(let text): self.log.banner(Array(text.readableBytesView))
        case .keyRefused: self.log.debug("The server refused a key or asks for another; trying the next one.")
        case .loggedIn: self.log.verbose("Authenticated to \(self.name) using \"publickey\".")
        case .forward(let event): self.tell(event)
        case .debugMessage(let message, let alwaysDisplay):
            let line = "Remote: \(String(buffer: message))"
            if alwaysDisplay { self.log.ofPeers.info(line) } else { self.log.ofPeers.debug(line) }
        case .channelRefused(let kind):
            self.log.ofPeers.info("Warning: \(self.name) tried to open a \(kind) channel, which nobody asked for.")
        case .channelShortage(.limit(let limit)):
            self.log.ofPeers.info("Warning: no further channel to \(self.name): there are \(limit).")
        case .channelShortage(.memory):
            self.log.ofPeers.info("Warning: no further channel to \(self.name): the others hold too much memory.")
        case .hostKeysUnproved:
            self.log.info("\(self.name) did not prove that it has the host keys that it told of; none is added.")
        case .ended: break
        }
    }

    private static func shown(_ address: SocketAddress) -> String { address.ipAddress ?? "\(address)" }

    private func tell(_ event: ForwardEvent) {
        switch event {
        case .listening(let request, let addresses, let port):
            let places = addresses.joined(separator: ", ")
            self.log.debug("Listening on \(places) port \(port) for \(request.specification).")
        case .listeningOnPath(let request, let path):
            self.log.debug("Listening on \(path) for \(request.specification).")
        case .bindFailed(_, let address, let port, let error):
            self.log.error("bind [\(address)]:\(port): \(SystemReason.of(error))")
        case .serverListens(let request, let port):
            let (listen, target) = (request.specification.listen, request.specification.target)
            if case .port(_, 0) = listen, let port {
                self.log.info("Allocated port \(port) for remote forward to \(target)")
            } else {
                self.log.debug("remote forward success for: listen \(listen), connect \(target)")
            }
        case .failed(let request, let cause): self.log.error("Warning: \(self.failure(of: request, cause))")
        case .targetRefused(let target, let refusal, let isSOCKS): self.tellRefusal(target, refusal.sentence, isSOCKS)
        case .targetUnreachable(let target, let error):
            self.log.ofPeers.error("connect to \(target) failed: \(SystemReason.of(error))")
        case .unknownListener(let listener):
            self.log.ofPeers.info(
                """
                Warning: \(self.name) sent a connection to its \(listener), \
                where nobody asked it to listen; refused.
                """
            )
        case .socksTarget(let target): self.log.ofPeers.debug("SOCKS: to \(Self.words(target))")
        case .socksFailed(let reason, isRemote: false): self.log.ofPeers.debug("SOCKS: \(reason)")
        case .socksFailed(let reason, isRemote: true): self.log.ofPeers.debug("SOCKS on \(self.name): \(reason)")
        case .socksTargetNotPermitted(let target):
            self.log.ofPeers.error("connect to \(Self.words(target)): refused by PermitRemoteOpen")
        }
    }

    private func tellRefusal(_ target: ForwardTarget, _ reason: String, _ isSOCKS: Bool) {
        guard isSOCKS else { return self.log.ofPeers.error("\(self.name) refused to connect to \(target): \(reason)") }
        self.log.ofPeers.error("SOCKS: connection to \(Self.words(target)) refused: \(reason)")
    }

    /// Why there is no forward.
    ///
    /// - Parameter relay: which of several servers it is.
    func failure(of request: ForwardRequest, _ cause: any Error, at relay: String? = nil) -> String {
        let specification = request.specification
        guard request.side == .remote else {
            return "cannot listen for \(request.option) \(specification): \(SystemReason.of(cause))"
        }
        return "\(relay ?? self.name) refused to listen on \(specification.listen.words) for -R \(specification)"
    }

    private static func words(_ target: ForwardTarget) -> String {
        guard case .host(let host, let port) = target else { return "\(target)" }
        return "\(host) port \(port)"
    }
}

extension ListenEndpoint {
    /// `port 8080`, or `192.0.2.1 port 8080`.
    fileprivate var words: String {
        switch self {
        case .port(.unspecified, let port), .port(.wildcard, let port): "port \(port)"
        case .port(.address(let address), let port): "\(address) port \(port)"
        case .path(let path): path
        }
    }
}

extension ClientLog {
    /// What the rules about known_hosts have to say.
    func tell(_ notice: KnownHostsVerifier.Notice, _ rules: KnownHostsRules, of name: String) {
        switch notice {
        case .noMatchingAuthority: self.debug("No matching CA found. Retry with plain key")
        case .certificateNotUsed(let reason): self.info(reason)
        case .added(let key):
            self.info(
                "Warning: Permanently added '\(rules.name)' (\(key.displayName)) to the list of known hosts."
            )
        case .notWritten(let error): self.error(SystemReason.of(error))
        case .changedKeyRefused: break  // The connection's last lines say it.
        case .changedKeyAccepted(let warnings): for warning in warnings { self.info(warning) }
        case .otherKeysAnnounced:
            self.info("\(name) has other host keys than known_hosts; UpdateHostKeys=yes writes them.")
        case .learned(let key): self.verbose("Learned new hostkey: \(key.displayName) \(key.fingerprint)")
        case .removed(let key): self.verbose("Deprecating obsolete hostkey: \(key.displayName) \(key.fingerprint)")
        }
    }
}
