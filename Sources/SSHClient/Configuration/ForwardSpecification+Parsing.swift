import SSHWire

extension ForwardTarget {
    /// `host:port`, with an IPv6 address in brackets, or a Unix socket's path.
    ///
    /// - Throws: `invalidConfiguration` for anything else.
    public init(_ text: String) throws {
        if text.utf8.contains(UInt8(ascii: "/")) {
            self = .path(text)
            return
        }
        guard let (host, port) = HostAndPort.split(text), !host.isEmpty, let port,
            let number = PortNumber.parse(port), number > 0
        else {
            throw SSHError(.invalidConfiguration, "\"\(text)\" is not a target: expected host:port or a path")
        }
        self = .host(host, port: number)
    }
}

extension ForwardSpecification {
    /// `[bind_address:]port:host:hostport`, with a Unix socket's path on either side if wanted, as after `-L`.
    public init(local text: String) throws {
        guard let forward = Self.parse(text, dynamic: false, allowPortZero: false) else {
            throw Self.failure("Bad local forwarding specification '\(text)'")
        }
        self = forward
    }

    /// As after `-R`: like `-L` with port 0 allowed, or without a target, which makes this side a SOCKS proxy.
    public init(remote text: String) throws {
        guard
            let forward = Self.parse(text, dynamic: false, allowPortZero: true)
                ?? Self.parse(text, dynamic: true, allowPortZero: true)
        else {
            throw Self.failure("Bad remote forwarding specification '\(text)'")
        }
        self = forward
    }

    /// `[bind_address:]port`, as after `-D`.
    public init(dynamic text: String) throws {
        guard let forward = Self.parse(text, dynamic: true, allowPortZero: false) else {
            throw Self.failure("Bad dynamic forwarding specification '\(text)'")
        }
        self = forward
    }

    private static func failure(_ reason: String) -> SSHError {
        SSHError(.invalidConfiguration, reason)
    }

    /// The whole grammar in one place, because ssh tells the forms apart by the number of fields and by which hold a `/`.
    static func parse(_ text: String, dynamic: Bool, allowPortZero: Bool) -> ForwardSpecification? {
        guard let fields = ForwardField.split(text) else { return nil }
        let forward =
            dynamic
            ? Self.withoutTarget(fields)
            : Self.withTarget(fields)
        guard let forward else { return nil }
        if case .port(_, 0) = forward.listen, !allowPortZero { return nil }
        return forward
    }

    private static func withoutTarget(_ fields: [ForwardField]) -> ForwardSpecification? {
        switch fields.count {
        case 1 where fields[0].isPath:
            return ForwardSpecification(listen: .path(fields[0].text), target: .socks)
        case 1:
            guard let port = PortNumber.parse(fields[0].text) else { return nil }
            return ForwardSpecification(listen: .port(.unspecified, port), target: .socks)
        case 2 where !fields[1].isPath:
            guard let port = PortNumber.parse(fields[1].text) else { return nil }
            let address = ForwardBindAddress(written: fields[0].text)
            return ForwardSpecification(listen: .port(address, port), target: .socks)
        default:
            return nil
        }
    }

    private static func withTarget(_ fields: [ForwardField]) -> ForwardSpecification? {
        switch fields.count {
        case 2 where fields[1].isPath:
            let listen = fields[0].isPath ? ListenEndpoint.path(fields[0].text) : Self.listen(nil, fields[0])
            return listen.map { ForwardSpecification(listen: $0, target: .path(fields[1].text)) }
        case 3 where fields[0].isPath:
            return Self.target(fields[1], fields[2]).map {
                ForwardSpecification(listen: .path(fields[0].text), target: $0)
            }
        case 3 where fields[2].isPath:
            return Self.listen(fields[0], fields[1]).map {
                ForwardSpecification(listen: $0, target: .path(fields[2].text))
            }
        case 3:
            guard let listen = Self.listen(nil, fields[0]), let target = Self.target(fields[1], fields[2]) else {
                return nil
            }
            return ForwardSpecification(listen: listen, target: target)
        case 4:
            guard let listen = Self.listen(fields[0], fields[1]), let target = Self.target(fields[2], fields[3]) else {
                return nil
            }
            return ForwardSpecification(listen: listen, target: target)
        default:
            return nil
        }
    }

    private static func listen(_ address: ForwardField?, _ port: ForwardField) -> ListenEndpoint? {
        guard let number = PortNumber.parse(port.text) else { return nil }
        return .port(address.map { ForwardBindAddress(written: $0.text) } ?? .unspecified, number)
    }

    private static func target(_ host: ForwardField, _ port: ForwardField) -> ForwardTarget? {
        // NI_MAXHOST: no longer name can be resolved anywhere.
        guard host.text.utf8.count < 1025, let number = PortNumber.parse(port.text), number > 0 else { return nil }
        return .host(host.text, port: number)
    }
}

extension ForwardTarget {
    /// `host:port` or a path, as after `-W`.
    public init(standardInputForward text: String) throws {
        switch ForwardSpecification.parse(text, dynamic: true, allowPortZero: false)?.listen {
        case .port(.address(let host), let port): self = .host(host, port: port)
        case .path(let path): self = .path(path)
        default: throw SSHError(.invalidConfiguration, "Bad stdio forwarding specification '\(text)'")
        }
    }
}

/// One of the fields between the colons of a forward.
struct ForwardField {
    var text: String
    /// ssh takes every field with a `/` for a path.
    var isPath: Bool

    /// One to four fields; nil if there are more, or brackets do not close at a field's end.
    static func split(_ text: String) -> [ForwardField]? {
        var bytes = Array(text.utf8)[...].drop { ConfigurationLine.isSpace($0) }
        var fields: [ForwardField] = []
        while !bytes.isEmpty {
            guard fields.count < 4, !bytes.contains(0) else { return nil }
            guard let field = bytes.first == UInt8(ascii: "[") ? Self.bracketed(&bytes) : Self.plain(&bytes) else {
                return nil
            }
            fields.append(field)
        }
        return fields.isEmpty ? nil : fields
    }

    private static func bracketed(_ bytes: inout ArraySlice<UInt8>) -> ForwardField? {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
        let field = bytes[bytes.startIndex..<end].dropFirst()
        bytes = bytes[end...].dropFirst()
        guard bytes.isEmpty || bytes.first == UInt8(ascii: ":") else { return nil }
        bytes = bytes.dropFirst()
        return ForwardField(field)
    }

    private static func plain(_ bytes: inout ArraySlice<UInt8>) -> ForwardField? {
        var field: [UInt8] = []
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: ":"):
                return ForwardField(field[...])
            case UInt8(ascii: "\\"):
                // A backslash takes the next byte, a colon for instance, literally.
                guard let escaped = bytes.popFirst() else { return nil }
                field.append(escaped)
            default:
                field.append(byte)
            }
        }
        return ForwardField(field[...])
    }

    private init(_ bytes: ArraySlice<UInt8>) {
        self.text = String(decoding: bytes, as: UTF8.self)
        self.isPath = bytes.contains(UInt8(ascii: "/"))
    }
}
