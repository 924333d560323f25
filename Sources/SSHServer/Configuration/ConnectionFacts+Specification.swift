import SSHWire

extension ConnectionFacts {
    /// The connection that `-C` describes: `user=U,host=H,addr=A,laddr=A,lport=N`, in one argument or in several.
    ///
    /// - Throws: `invalidConfiguration` for a word that is none of these, or a value that cannot be.
    public init(specifications: [String]) throws {
        self.init(user: "", address: "UNKNOWN", localAddress: "UNKNOWN", localPort: 0)
        var host: String?
        for element in specifications.flatMap({ $0.split(separator: ",").map(String.init) }) {
            let parts = element.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            switch (parts[0], parts.count > 1 ? parts[1] : nil) {
            case ("user", let value?): self.user = value
            case ("host", let value?): host = value
            case ("addr", let value?): self.address = try Self.numeric(value, in: element)
            case ("laddr", let value?): self.localAddress = try Self.numeric(value, in: element)
            case ("lport", let value?):
                guard let port = UInt16(value) else { throw Self.invalid(element, "a port from 0 to 65535") }
                self.localPort = Int(port)
            case ("rdomain", _?): continue
            case ("invalid-user", nil): self.userIsInvalid = true
            default: throw Self.invalid(element, "user=, host=, addr=, laddr=, lport= or invalid-user")
            }
        }
        self.host = host ?? self.address
        if let name = AccountName(self.user) { self.groups = Account.lookingUp(name).groups }
    }

    private static func numeric(_ value: String, in element: String) throws -> String {
        guard IPAddress(value) != nil else { throw Self.invalid(element, "a numeric address") }
        return value
    }

    private static func invalid(_ element: String, _ expected: String) -> SSHError {
        SSHError(.invalidConfiguration, "-C: \"\(element.escapedForLog)\" is wrong, expected \(expected)")
    }
}
