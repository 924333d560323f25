/// `host[:port]` with IPv6 addresses in brackets.
enum HostAndPort {
    /// - Returns: nil if brackets are not closed, or something else than a port follows them.
    static func split(_ text: String) -> (host: String, port: String?)? {
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            if rest.isEmpty { return (host, nil) }
            guard rest.first == ":" else { return nil }
            return (host, String(rest.dropFirst()))
        }
        guard !text.utf8.contains(UInt8(ascii: "/")) else { return nil }
        guard let separator = text.firstIndex(of: ":") else { return (text, nil) }
        return (String(text[..<separator]), String(text[text.index(after: separator)...]))
    }
}
