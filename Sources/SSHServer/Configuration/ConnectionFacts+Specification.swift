import SSHConfiguration
import SSHSystem
import SSHWire

extension ConnectionFacts {
    /// What a specification can name.
    enum Fact: Hashable, Sendable, CaseIterable {
        case user
        case groups
        case host
        case address
        case localAddress
        case localPort
        case routingDomain
    }

    /// The connection that `-C` describes, as in sshd(8): `user=,host=,addr=,laddr=,lport=,rdomain=` and OpenSSH 10's
    /// `invalid-user`, separated by commas; later values win.
    ///
    /// A criterion about something that is not named matches nothing. Without any specification only `Match all` does.
    ///
    /// - Throws: `invalidConfiguration` for an unknown word or a wrong port.
    public init(specifications: [String]) throws {
        self.init(user: "", address: "", localAddress: "", localPort: 0)
        self.missing = Set(Fact.allCases)
        for specification in specifications {
            for word in specification.split(separator: ",").map(String.init) { try self.take(word) }
        }
        guard !self.missing.contains(.user) else { return }
        self.missing.remove(.groups)
        if let name = AccountName(self.user) { self.learn(Account.lookingUp(name)) }
    }

    func isKnown(_ fact: Fact) -> Bool { !self.missing.contains(fact) }

    private mutating func take(_ word: String) throws {
        if word == "invalid-user" { return self.userIsInvalid = true }
        guard let sign = word.firstIndex(of: "=") else { throw Self.unknown(word) }
        let value = String(word[word.index(after: sign)...])
        switch word[..<sign] {
        case "user": (self.user, _) = (value, self.missing.remove(.user))
        case "host": (self.host, _) = (value, self.missing.remove(.host))
        case "addr": (self.address, _) = (value, self.missing.remove(.address))
        case "laddr": (self.localAddress, _) = (value, self.missing.remove(.localAddress))
        case "lport": (self.localPort, _) = (try Self.port(value), self.missing.remove(.localPort))
        case "rdomain": (self.routingDomain, _) = (value, self.missing.remove(.routingDomain))
        default: throw Self.unknown(word)
        }
    }

    private static func port(_ text: String) throws -> Int {
        do {
            return Int(try PortNumber.parse(text))
        } catch let invalid as InvalidValue {
            throw SSHError(.invalidConfiguration, "-C lport=\(text): \(invalid.reason)".escapedForLog)
        }
    }

    private static func unknown(_ word: String) -> SSHError {
        let expected = "user=, host=, addr=, laddr=, lport=, rdomain= or invalid-user"
        return SSHError(.invalidConfiguration, "-C: \"\(word)\" is wrong, expected \(expected)".escapedForLog)
    }
}
