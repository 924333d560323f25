import SSHConfiguration
import SSHWire

/// A value of Ciphers, MACs, KexAlgorithms and the like: a list that replaces, extends, cuts or heads the default one.
struct AlgorithmSpecification: Hashable, Sendable {
    enum Change: Hashable, Sendable { case replace, append, remove, prepend }

    let change: Change
    let patterns: [String]
    let text: String

    /// - Returns: nil if the list is empty or holds an empty name.
    init?(_ text: String) {
        self.text = text
        switch text.first {
        case "+": self.change = .append
        case "-": self.change = .remove
        case "^": self.change = .prepend
        default: self.change = .replace
        }
        let list = self.change == .replace ? Substring(text) : text.dropFirst()
        let patterns = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard !patterns.contains("") else { return nil }
        self.patterns = patterns
    }

    /// The names to offer, in order, and those that are not supported here.
    ///
    /// Names that OpenSSH has and this program does not (`HostKeyAlgorithms +ssh-rsa` stands in many files) are left out,
    /// as long as something is left to offer.
    func resolve(defaults: [String], supported: [String]) throws -> (names: [String], unsupported: [String]) {
        var named: [String] = []
        var unsupported: [String] = []
        for pattern in self.patterns where self.change != .remove {
            let matching = supported.filter { Pattern(pattern).matches($0) }
            if matching.isEmpty { unsupported.append(pattern) }
            named += matching.filter { !named.contains($0) }
        }
        let names =
            switch self.change {
            case .replace: named
            case .append: defaults + named.filter { !defaults.contains($0) }
            case .prepend: named + defaults.filter { !named.contains($0) }
            case .remove:
                defaults.filter { name in !self.patterns.contains { Pattern($0).matches(name) } }
            }
        guard !names.isEmpty else {
            throw SSHError(.invalidConfiguration, "none of the algorithms in '\(self.text)' is supported")
        }
        return (names, unsupported)
    }
}

/// The algorithms this program has, in the order in which it offers them.
public struct ClientAlgorithms: Sendable {
    public var ciphers: [String]
    public var macs: [String]
    public var kexAlgorithms: [String]
    /// Those that only a list that names them has.
    public var kexAlgorithmsByName: [String]
    public var hostKeyAlgorithms: [String]
    public var pubkeyAcceptedAlgorithms: [String]

    public init(
        ciphers: [String],
        macs: [String],
        kexAlgorithms: [String],
        kexAlgorithmsByName: [String] = [],
        hostKeyAlgorithms: [String],
        pubkeyAcceptedAlgorithms: [String]
    ) {
        self.ciphers = ciphers
        self.macs = macs
        self.kexAlgorithms = kexAlgorithms
        self.kexAlgorithmsByName = kexAlgorithmsByName
        self.hostKeyAlgorithms = hostKeyAlgorithms
        self.pubkeyAcceptedAlgorithms = pubkeyAcceptedAlgorithms
    }
}
