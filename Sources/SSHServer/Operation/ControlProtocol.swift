import SSHConfiguration
import SSHSystem
import SSHWire

/// What the control socket speaks: a request of one line, a reply of one or more, each a JSON object that names the version.
enum ControlProtocol {
    static let version: UInt64 = 1
    /// The bytes of a request. A certificate has up to 32 KiB, and more in base64.
    static let longestRequest = 64 * 1024
    /// The bytes of a reply's line: a connection's listeners are named with what the client called them.
    static let longestReplyLine = 1024 * 1024

    /// The members that every line has.
    static func members(of value: JSONValue) throws(InvalidValue) -> JSONMembers {
        var members = try JSONMembers(value)
        guard try members.number("relay", as: UInt64.self) == Self.version else {
            throw InvalidValue("expected version \(Self.version) of the control socket's protocol")
        }
        return members
    }

    /// - Parameter body: writes the members.
    static func line(_ body: (inout JSONObjectWriter) -> Void) -> String {
        var writer = JSONObjectWriter()
        writer.add("relay", number: Self.version)
        body(&writer)
        return "\(writer.text)\n"
    }
}

extension OperatorCommand {
    /// - Parameter line: without its end.
    /// - Throws: `InvalidValue` for what is no command, or says anything that has no meaning for it.
    init(line: some Sequence<UInt8>) throws(InvalidValue) {
        var members = try ControlProtocol.members(of: try JSONReader.read(line))
        switch try members.text("command") {
        case "status": self = .status
        case "list": self = .list
        case "reload": self = .reload
        case "kick": self = .kick(try KickTarget(&members))
        case "explain": self = .explain(try ExplainRequest(&members))
        case let other: throw InvalidValue("there is no command \"\(other)\"")
        }
        try members.expectEnd()
    }

    /// With its end.
    var line: String {
        ControlProtocol.line { writer in
            switch self {
            case .status: writer.add("command", text: "status")
            case .list: writer.add("command", text: "list")
            case .reload: writer.add("command", text: "reload")
            case .kick(let target):
                writer.add("command", text: "kick")
                target.write(to: &writer)
            case .explain(let request):
                writer.add("command", text: "explain")
                request.write(to: &writer)
            }
        }
    }
}

extension KickTarget {
    fileprivate init(_ members: inout JSONMembers) throws(InvalidValue) {
        if members.has("account") {
            self = .account(try members.text("account"))
        } else if members.has("key") {
            self = .key(try members.text("key"))
        } else if members.has("port") {
            self = .port(try members.number("port"))
        } else if members.has("name") {
            self = .name(try members.text("name"))
        } else {
            self = .connection(try members.number("connection"))
        }
    }

    fileprivate func write(to writer: inout JSONObjectWriter) {
        switch self {
        case .account(let name): writer.add("account", text: name)
        case .key(let fingerprint): writer.add("key", text: fingerprint)
        case .port(let port): writer.add("port", number: port)
        case .name(let name): writer.add("name", text: name)
        case .connection(let number): writer.add("connection", number: number)
        }
    }
}

extension ExplainRequest {
    fileprivate init(_ members: inout JSONMembers) throws(InvalidValue) {
        let question: Explanation.Question
        do {
            if members.has("listen") {
                question = .listen(try ForwardAddress(argument: try members.text("listen"), allowsBarePort: true))
            } else if members.has("open") {
                question = .open(try ForwardAddress(argument: try members.text("open"), allowsBarePort: false))
            } else {
                question = .logIn
            }
            self.init(
                account: try members.text("account"),
                key: try Explanation.Key(text: try members.text("key")),
                question: question,
                address: members.has("from") ? try members.text("from") : "127.0.0.1"
            )
        } catch let invalid as InvalidValue {
            throw invalid
        } catch {
            throw InvalidValue((error as? SSHError)?.reason ?? "\(error)")
        }
    }

    fileprivate func write(to writer: inout JSONObjectWriter) {
        writer.add("account", text: self.account)
        writer.add("key", text: self.key.text)
        writer.add("from", text: self.address)
        switch self.question {
        case .logIn: break
        case .listen(let address): writer.add("listen", text: "[\(address.host)]:\(address.port)")
        case .open(let address): writer.add("open", text: "[\(address.host)]:\(address.port)")
        }
    }
}
