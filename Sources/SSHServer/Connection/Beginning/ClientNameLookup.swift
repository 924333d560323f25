import SSHConfiguration
import SSHSystem
import SSHWire

/// UseDNS: finds the name of a client's address, and whether the name leads back to the address. Whoever controls an
/// address's reverse zone could otherwise give it any name.
struct ClientNameLookup: Sendable {
    enum Answer: Hashable, Sendable {
        /// In lower case.
        case confirmed(String)
        /// The address has no name.
        case unnamed
        /// It has one that cannot be believed, or none came in time; in sshd's words where it has some.
        ///
        /// - Parameter isPassing: who could have said a name is not there, or does not answer.
        case doubtful(String, isPassing: Bool = false)
    }

    /// The name of a numeric address; throws if nobody could say.
    var name: @Sendable (String) throws -> String?
    /// The numeric addresses of a name; nil if the name leads nowhere. Throws if nobody could say.
    var addresses: @Sendable (String) throws -> [String]?

    /// Asks, and asks back. It blocks.
    func look(_ address: String) -> Answer {
        guard let wanted = IPAddress(address)?.normalized else { return .unnamed }
        let found: String?
        do {
            found = try self.name(address)
        } catch {
            return .doubtful("The name of \(address) could not be looked up: \(ErrorText.of(error))", isPassing: true)
        }
        guard let found else { return .unnamed }
        let name = found.asciiLowercased
        guard Self.isHostName(name), IPAddress(inFile: name) == nil else {
            return .doubtful("Nasty PTR record \"\(found)\" is set up for \(address), ignoring")
        }
        let failure = "reverse mapping checking getaddrinfo for \(name) [\(address)] failed."
        let leadsTo: [String]?
        do {
            leadsTo = try self.addresses(name)
        } catch {
            return .doubtful(failure, isPassing: true)
        }
        guard let addresses = leadsTo else { return .doubtful(failure) }
        guard addresses.contains(where: { IPAddress($0)?.normalized == wanted }) else {
            return .doubtful("Address \(address) maps to \(name), but this does not map back to the address.")
        }
        return .confirmed(name)
    }

    private static func isHostName(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
                default: false
                }
            }
    }

    /// The system's resolver: /etc/hosts, DNS, or whatever nsswitch.conf says.
    static let system = ClientNameLookup { address in
        try Self.unlessUnknown { () throws(NameFailure) in try AddressLookup.name(of: address) } ?? nil
    } addresses: { name in
        try Self.unlessUnknown { () throws(NameFailure) in try AddressLookup.addresses(of: name) }
    }

    /// - Returns: nil if whoever knows the name says that there is nothing.
    private static func unlessUnknown<Answer>(_ ask: () throws(NameFailure) -> Answer) throws(NameFailure) -> Answer? {
        do throws(NameFailure) {
            return try ask()
        } catch {
            guard !error.isPassing else { throw error }
            return nil
        }
    }
}
