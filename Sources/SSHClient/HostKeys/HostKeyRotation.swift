public import SSHCrypto

/// UpdateHostKeys: what a server's list of its keys changes in known_hosts.
public struct HostKeyRotation: Hashable, Sendable {
    /// To be added, once the server has proved that it has them.
    public var unknown: [PublicKey]
    /// Entries of keys that the server has no longer.
    public var obsolete: [KnownHostsEntry]

    /// Nil if nothing is to change, or nothing may: as ssh, this touches only plain entries of this host alone, and only if one of
    /// them is why the server was believed.
    ///
    /// - Parameters:
    ///   - announced: the keys that the server says it has, without those that this client would not take.
    ///   - shown: the key that the server proved to have in the key exchange.
    ///   - name: the host's name in known_hosts.
    ///   - files: the user's own files, the only ones that are changed.
    public init?(announced: [PublicKey], shown: PublicKey, name: String, in knownHosts: KnownHosts, files: [String]) {
        let named = knownHosts.entries.filter { $0.matches(name: name) }
        guard announced.contains(shown), named.contains(where: { $0.key == shown }), !files.isEmpty,
            named.allSatisfy({ $0.marker == nil && $0.hosts.isSingleName })
        else { return nil }
        var unknown: [PublicKey] = []
        for key in announced where !unknown.contains(key) && !named.contains(where: { $0.key == key }) {
            unknown.append(key)
        }
        self.unknown = unknown
        self.obsolete = named.filter { !announced.contains($0.key) && files.contains($0.file) }
        if self.unknown.isEmpty, self.obsolete.isEmpty { return nil }
    }
}

extension KnownHostsPattern {
    /// It names one host, and is no pattern.
    var isSingleName: Bool {
        switch self {
        case .hashed: true
        case .list(let list): !list.utf8.contains { ",*?!".utf8.contains($0) }
        }
    }
}
