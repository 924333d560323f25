/// ProxyProtocolListen and ProxyProtocolOpen: which tunnels begin with a PROXY header.
extension ForwardingPolicy {
    /// Whether a connection to a client's listener begins with a header that names the caller.
    ///
    /// - Parameters:
    ///   - host: as it was requested.
    ///   - port: on which the listener is.
    func announcesCaller(host: String, port: UInt32) -> Bool {
        self.settings.proxyProtocolListen.contains { $0.permitsListening(host: host, port: port) }
    }

    /// Whether a connection that a client opens begins with a header that names the client.
    func announcesClient(host: String, port: UInt32) -> Bool {
        self.settings.proxyProtocolOpen.contains { $0.permitsOpening(host: host, port: port) }
    }
}

extension PermitList {
    fileprivate func contains(where matches: (ForwardPermission) -> Bool) -> Bool {
        switch self {
        case .any: true
        case .none: false
        case .only(let permissions): permissions.contains(where: matches)
        }
    }
}
