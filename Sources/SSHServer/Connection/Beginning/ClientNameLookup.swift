import Glibc
import SSHConfiguration
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
        try Self.entries(of: address, flags: AI_NUMERICHOST) { try Self.text($0, flags: NI_NAMEREQD) }?.first
    } addresses: { name in
        try Self.entries(of: name, flags: 0) { try Self.text($0, flags: NI_NUMERICHOST) }
    }

    /// - Throws: `system` for a status that says nothing of the name: who knows it is away, or we are short of something.
    private static func check(_ status: Int32) throws {
        guard [EAI_AGAIN, EAI_FAIL, EAI_MEMORY, EAI_SYSTEM].contains(status) else { return }
        throw SSHError(.system, String(cString: gai_strerror(status)))
    }

    private static func entries(
        of host: String,
        flags: Int32,
        _ text: (addrinfo) throws -> String?
    ) throws -> [String]? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = flags
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else {
            try Self.check(status)
            return nil
        }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        // A name with more addresses than that is not a client's.
        while let entry = next?.pointee, found.count < 256 {
            if let text = try text(entry) { found.append(text) }
            next = entry.ai_next
        }
        return found
    }

    private static func text(_ entry: addrinfo, flags: Int32) throws -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, flags)
        guard status == 0 else {
            try Self.check(status)
            return nil
        }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
