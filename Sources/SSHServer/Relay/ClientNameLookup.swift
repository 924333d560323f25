import Glibc

/// UseDNS: finds the name of a client's address, and whether the name leads back to the address. Whoever controls an
/// address's reverse zone could otherwise give it any name.
struct ClientNameLookup: Sendable {
    enum Answer: Hashable, Sendable {
        /// In lower case.
        case confirmed(String)
        /// The address has no name.
        case unnamed
        /// It has one that cannot be believed, or none came in time; in sshd's words where it has some.
        case doubtful(String)
    }

    /// The name of a numeric address.
    var name: @Sendable (String) -> String?
    /// The numeric addresses of a name; nil if the name leads nowhere.
    var addresses: @Sendable (String) -> [String]?

    /// Asks, and asks back. It blocks.
    func look(_ address: String) -> Answer {
        guard let wanted = IPAddress(address)?.normalized, let found = self.name(address) else { return .unnamed }
        let name = found.asciiLowercased
        guard Self.isHostName(name), IPAddress(inFile: name) == nil else {
            return .doubtful("Nasty PTR record \"\(found)\" is set up for \(address), ignoring")
        }
        guard let addresses = self.addresses(name) else {
            return .doubtful("reverse mapping checking getaddrinfo for \(name) [\(address)] failed.")
        }
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
        Self.entries(of: address, flags: AI_NUMERICHOST) { Self.text($0, flags: NI_NAMEREQD) }?.first
    } addresses: { name in
        Self.entries(of: name, flags: 0) { Self.text($0, flags: NI_NUMERICHOST) }
    }

    private static func entries(
        of host: String,
        flags: Int32,
        _ text: (addrinfo) -> String?
    ) -> [String]? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = flags
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return nil }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        // A name with more addresses than that is not a client's.
        while let entry = next?.pointee, found.count < 256 {
            if let text = text(entry) { found.append(text) }
            next = entry.ai_next
        }
        return found
    }

    private static func text(_ entry: addrinfo, flags: Int32) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, flags) == 0 else {
            return nil
        }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
