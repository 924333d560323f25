/// What `-G` prints of a configuration and nothing else needs.
struct PrintedOptions: Sendable {
    /// Of keywords without meaning here, by their names in lower case.
    var silent: [String: [String]]
    /// Those, with their places, whose users expect something that does not happen.
    var missed: [MissedKeyword]
    /// As they were written.
    var identityFiles: [String]
    var certificateFiles: [String]
    var identityAgent: String?
    var ignoreUnknown: String?
    var canonicalizeHostname: String
    var noHostAuthenticationForLocalhost: Bool
    var proxyUseFdpass: Bool
    var pubkeyAuthentication: String
    var preferredAuthentications: String?
    /// Ours: printed only where somebody has set them, so that ssh's output is ours.
    var reconnect: Bool?
    var reconnectHold: Int?
    var relayMode: RelayMode?

    /// The line for the user, if there is something to say.
    var missedNotice: String? {
        guard !self.missed.isEmpty else { return nil }
        return "Warning: not supported here and ignored: \(self.missed.map(\.description).joined(separator: ", "))"
    }
}

/// A keyword that is written somewhere, and whose effect is missing here.
struct MissedKeyword: Hashable, Sendable, CustomStringConvertible {
    let name: String
    /// Where it stands, as people read it.
    let place: String

    var description: String { "\(self.name) (\(self.place))" }
}

extension ClientConfiguration {
    /// The line for the user about keywords that have no meaning here and would be missed; nil if there are none.
    public var missedNotice: String? { self.printed.missedNotice }
}

extension SilentKeyword {
    static let byKey = Dictionary(
        (Self.all + Self.unsupported).map { ($0.key, $0) },
        uniquingKeysWith: { first, _ in first }
    )
}
