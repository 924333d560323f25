import SSHConfiguration

/// A JSON value (RFC 8259) as far as the control socket has them: no `null`, and no numbers but whole ones from 0.
enum JSONValue: Hashable, Sendable {
    case object([String: JSONValue])
    case array([JSONValue])
    case string(String)
    case number(UInt64)
    case flag(Bool)
}

/// The members of an object, each taken once: what nobody has taken was not understood, and is an error.
struct JSONMembers {
    private var members: [String: JSONValue]

    /// - Throws: `InvalidValue` unless it is an object.
    init(_ value: JSONValue) throws(InvalidValue) {
        guard case .object(let members) = value else { throw InvalidValue("expected a JSON object") }
        self.members = members
    }

    func has(_ name: String) -> Bool { self.members[name] != nil }

    mutating func text(_ name: String) throws(InvalidValue) -> String {
        guard case .string(let text) = self.members.removeValue(forKey: name) else {
            throw InvalidValue("expected a text for \"\(name)\"")
        }
        return text
    }

    mutating func flag(_ name: String) throws(InvalidValue) -> Bool {
        guard case .flag(let flag) = self.members.removeValue(forKey: name) else {
            throw InvalidValue("expected true or false for \"\(name)\"")
        }
        return flag
    }

    mutating func number<Number: FixedWidthInteger>(
        _ name: String,
        as type: Number.Type = Number.self
    ) throws(InvalidValue) -> Number {
        guard case .number(let value) = self.members.removeValue(forKey: name), let number = Number(exactly: value)
        else { throw InvalidValue("expected a number up to \(Number.max) for \"\(name)\"") }
        return number
    }

    mutating func list(_ name: String) throws(InvalidValue) -> [JSONValue] {
        guard case .array(let values) = self.members.removeValue(forKey: name) else {
            throw InvalidValue("expected a list for \"\(name)\"")
        }
        return values
    }

    mutating func texts(_ name: String) throws(InvalidValue) -> [String] {
        try self.list(name).map { value throws(InvalidValue) in
            guard case .string(let text) = value else { throw InvalidValue("expected texts for \"\(name)\"") }
            return text
        }
    }

    func expectEnd() throws(InvalidValue) {
        guard let name = self.members.keys.min() else { return }
        throw InvalidValue("\"\(name)\" has no meaning here")
    }
}
