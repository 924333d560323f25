public import SSHCrypto
import SSHSystem

/// The entries of several known_hosts files, in the order in which the files were given.
public struct KnownHosts: Sendable {
    public internal(set) var entries: [KnownHostsEntry]

    public init(entries: [KnownHostsEntry] = []) {
        self.entries = entries
    }

    /// Reads the files; those that are missing or unreadable count as empty, as in ssh.
    public init(readingFiles paths: [String]) {
        self.entries = []
        for path in paths {
            guard let file = try? BoundedFile(reading: path, limit: 1 << 30) else { continue }
            self.entries += Self.parse(file.bytes, file: path)
        }
    }

    /// Lines that cannot be understood are passed over: one bad line must not lock a user out of every host.
    public static func parse(_ text: [UInt8], file: String) -> [KnownHostsEntry] {
        var entries: [KnownHostsEntry] = []
        var number = 0
        for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            if let entry = KnownHostsEntry(line: line, file: file, number: number) { entries.append(entry) }
        }
        return entries
    }

    /// The name under which a host stands in known_hosts: port 22 is not written.
    public static func name(host: String, port: UInt16) -> String {
        let host = host.lowercased()
        return port == 22 || port == 0 ? host : "[\(host)]:\(port)"
    }

    /// What the files say about a host's key.
    public enum Verdict: Hashable, Sendable {
        /// An entry holds this key.
        case match(KnownHostsEntry)
        /// Entries hold other keys, of this type or of another: as in ssh, a key of a new type does not pass for a new host.
        case changed([KnownHostsEntry])
        /// An entry revokes this key, whatever the others say.
        case revoked(KnownHostsEntry)
        /// No entry names the host. `otherNames` are entries of other hosts that hold this key.
        case unknown(otherNames: [KnownHostsEntry])
    }

    /// - Parameters:
    ///   - name: from `name(host:port:)`, or HostKeyAlias.
    ///   - fallback: the host without its port. An entry for it that holds this very key is a match as well.
    public func lookup(_ name: String, fallback: String? = nil, key: PublicKey) -> Verdict {
        let named = self.entries.filter { $0.matches(name: name) }
        if let revocation = named.first(where: { $0.marker == .revoked && $0.key == key }) {
            return .revoked(revocation)
        }
        let keys = named.filter { $0.marker == nil }
        if let match = keys.first(where: { $0.key == key }) { return .match(match) }
        if !keys.isEmpty { return .changed(keys) }
        if let fallback, fallback != name, case .match(let entry) = self.lookup(fallback, key: key) {
            return .match(entry)
        }
        return .unknown(otherNames: self.entries.filter { $0.marker == nil && $0.key == key })
    }

    /// Whether an entry trusts this authority to certify the host's key.
    ///
    /// - Parameter fallback: the host without its port, for which an entry may stand, too.
    /// - Returns: `.match`, `.revoked` if the authority or the certified key is revoked, else `.unknown`: the caller then
    ///   goes on with the plain key.
    public func lookup(
        _ name: String,
        fallback: String? = nil,
        authority: PublicKey,
        certifiedKey: PublicKey
    ) -> Verdict {
        let named = self.entries.filter { entry in
            entry.matches(name: name) || fallback.map { entry.matches(name: $0) } ?? false
        }
        let isRevoked: (KnownHostsEntry) -> Bool = {
            $0.marker == .revoked && ($0.key == authority || $0.key == certifiedKey)
        }
        if let revocation = named.first(where: isRevoked) { return .revoked(revocation) }
        if let match = named.first(where: { $0.marker == .certificateAuthority && $0.key == authority }) {
            return .match(match)
        }
        return .unknown(otherNames: [])
    }

    /// The algorithms reordered: certificates go first if an authority is trusted with the host, and last if none is; of the
    /// keys those go first that are already known.
    ///
    /// Without this a server with several keys would show one that the files do not hold, and look like an impostor.
    ///
    /// - Parameter fallback: the host without its port, for which an entry may stand, too.
    public func hostKeyAlgorithmsPreferred(
        for name: String,
        fallback: String? = nil,
        among algorithms: [String]
    ) -> [String] {
        let usable = self.entries.filter { $0.marker != .revoked }
        let named = usable.filter { $0.matches(name: name) }
        let trustsAuthority = usable.contains { entry in
            entry.marker == .certificateAuthority
                && (entry.matches(name: name) || fallback.map { entry.matches(name: $0) } ?? false)
        }
        let types = Set(named.filter { $0.marker == nil }.map(\.key.type))
        let certificates = algorithms.filter { $0.contains("-cert-v0") }
        let keys = algorithms.filter { !$0.contains("-cert-v0") }
        let isKnown = { (algorithm: String) in types.contains(Self.keyType(ofAlgorithm: algorithm)) }
        let ordered = keys.filter(isKnown) + keys.filter { !isKnown($0) }
        return trustsAuthority ? certificates + ordered : ordered + certificates
    }

    private static func keyType(ofAlgorithm algorithm: String) -> String {
        algorithm == "rsa-sha2-512" || algorithm == "rsa-sha2-256" ? "ssh-rsa" : algorithm
    }
}
