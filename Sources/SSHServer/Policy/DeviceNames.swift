import SSHConfiguration

/// `Names`: which hosts are names of devices. They are registered with the relay, and never looked up elsewhere or bound.
public struct DeviceNames: Hashable, Sendable {
    /// No host is.
    public static let none = DeviceNames(nil)

    private let patterns: PatternList?

    private init(_ patterns: PatternList?) {
        self.patterns = patterns
    }

    /// - Parameter text: patterns as in ssh_config(5), separated by commas; case does not matter.
    init(_ text: String) {
        self.init(PatternList(text.asciiLowercased))
    }

    /// As it stands in a configuration.
    var text: String { self.patterns?.text ?? "none" }

    /// What a host means that a client asks for.
    enum Meaning: Hashable {
        /// An address, or a name of the world's.
        case host
        case device(DeviceName)
        /// It should be a device's name and cannot be one.
        case illegal(reason: String)
    }

    /// Nothing that means an address of the relay's is a name: `""`, `*`, `localhost`, and every notation of inet_aton(3) and
    /// inet_pton(3), also with a zone behind it.
    func meaning(of host: String) -> Meaning {
        guard let patterns = self.patterns else { return .host }
        let lowercased = host.asciiLowercased
        guard !["", "*", "localhost"].contains(where: lowercased.hasSameBytes(as:)), IPAddress(inFile: host) == nil,
            patterns.match(lowercased) == .matched
        else { return .host }
        do throws(InvalidValue) {
            return .device(try DeviceName(lowercased))
        } catch {
            return .illegal(reason: error.reason)
        }
    }
}
