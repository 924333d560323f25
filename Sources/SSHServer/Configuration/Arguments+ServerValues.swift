import SSHConfiguration

/// Values that one keyword alone has.
extension Arguments {
    /// A path, or nil for `none`.
    mutating func pathOrNone() throws -> String? {
        let path = try self.required("a path or none")
        return path.asciiLowercased == "none" ? nil : path
    }

    /// `host`, `host:port`, `[host]:port`, or an IPv6 address without brackets and port.
    mutating func listenAddress() throws -> ListenAddress {
        let expected = "an address, host:port or [address]:port"
        let text = try self.required(expected)
        let (host, port) = try self.locating { try Self.splitListenAddress(text, expected: expected) }
        if let word = self.next() {
            throw self.problem("\"\(word)\" is not supported here, expected nothing after the address")
        }
        return ListenAddress(host: host, port: port)
    }

    private static func splitListenAddress(_ text: String, expected: String) throws -> (String, UInt16?) {
        let bracketed = text.first == "["
        if !bracketed, text.utf8.count(where: { $0 == UInt8(ascii: ":") }) > 1 { return (text, nil) }
        guard let end = bracketed ? text.firstIndex(of: "]") : text.firstIndex(of: ":") ?? text.endIndex,
            case let host = bracketed ? text[..<end].dropFirst() : text[..<end], !host.isEmpty, !host.contains("/")
        else { throw InvalidValue("\"\(text)\" is wrong, expected \(expected)") }
        let rest = bracketed ? text[end...].dropFirst() : text[end...]
        if rest.isEmpty { return (String(host), nil) }
        guard rest.first == ":" else { throw InvalidValue("\"\(text)\" is wrong, expected \(expected)") }
        return (String(host), try PortNumber.parse(String(rest.dropFirst())))
    }

    /// `start:rate:full`, or `full` alone.
    mutating func maxStartups() throws -> MaxStartups {
        let expected = "a number or start:rate:full with a rate from 1 to 100"
        let text = try self.required(expected)
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int32($0) }
        let numbers = parts.compactMap { $0.map(Int.init) }
        guard numbers.count == parts.count, numbers.allSatisfy({ $0 > 0 }) else {
            throw self.problem("\"\(text)\" is wrong, expected \(expected)")
        }
        switch numbers.count {
        case 1: return MaxStartups(start: numbers[0], rate: 30, full: numbers[0])
        case 3 where numbers[1] <= 100 && numbers[0] <= numbers[2]:
            return MaxStartups(start: numbers[0], rate: numbers[1], full: numbers[2])
        default: throw self.problem("\"\(text)\" is wrong, expected \(expected)")
        }
    }

    /// `ipv4` or `ipv4:ipv6`, in bits.
    mutating func netBlockSize() throws -> NetBlockSize {
        let expected = "bits, or bits:bits with the second for IPv6"
        let text = try self.required(expected)
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(parts.count), let ipv4 = parts[0], (0...32).contains(ipv4) else {
            throw self.problem("\"\(text)\" is wrong, expected \(expected)")
        }
        guard parts.count == 2 else { return NetBlockSize(ipv4: ipv4, ipv6: 128) }
        guard let ipv6 = parts[1], (0...128).contains(ipv6) else {
            throw self.problem("\"\(text)\" is wrong, expected \(expected)")
        }
        return NetBlockSize(ipv4: ipv4, ipv6: ipv6)
    }

    mutating func perSourceMaxStartups() throws -> Int? {
        let expected = "a number above 0 or none"
        let word = try self.required(expected)
        if word.asciiLowercased == "none" { return nil }
        guard let number = Int32(word), number > 0 else {
            throw self.problem("\"\(word)\" is wrong, expected \(expected)")
        }
        return Int(number)
    }
}
