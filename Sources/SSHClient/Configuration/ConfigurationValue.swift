import SSHConfiguration
import SSHWire

/// Readers of the kinds of values that ssh_config's keywords have.
enum ConfigurationValue {
    static func word(_ line: inout ConfigurationLine) throws -> String {
        try line.next()
    }

    static func flag(_ line: inout ConfigurationLine) throws -> Bool {
        try Self.choice(&line, ["yes": true, "true": true, "no": false, "false": false])
    }

    static func choice<Value>(_ line: inout ConfigurationLine, _ values: [String: Value]) throws -> Value {
        let argument = try line.next()
        guard let value = values[argument.lowercased()] else {
            throw line.failure("unsupported option \"\(argument)\".")
        }
        return value
    }

    static func pubkeyAuthentication(_ line: inout ConfigurationLine) throws -> String {
        let words = [
            "yes": "true", "true": "true", "no": "false", "false": "false", "unbound": "unbound",
            "host-bound": "host-bound",
        ]
        return try Self.choice(&line, words)
    }

    static func identityFile(_ line: inout ConfigurationLine, _ context: ConfigurationContext) throws -> Change {
        let path = try line.next()
        return { $0.addIdentity(path) }
    }

    /// ssh takes one word.
    static func hostNames(_ line: inout ConfigurationLine, _ context: ConfigurationContext) throws -> Change {
        let words = try line.remaining()
        return { options in
            guard options.hostName == nil else { return }
            options.hostName = words.first
            options.otherHostNames = Array(words.dropFirst())
        }
    }

    static func port(_ line: inout ConfigurationLine) throws -> UInt16 {
        let argument = try line.next()
        guard let port = PortNumber.parse(argument), port > 0 else { throw line.failure("Bad port '\(argument)'.") }
        return port
    }

    static func count(_ line: inout ConfigurationLine) throws -> Int {
        let argument = try line.next()
        guard let number = PortNumber.decimal(argument), let count = Int32(exactly: number) else {
            throw line.failure("integer value invalid: '\(argument)'")
        }
        return Int(count)
    }

    static func octal(_ line: inout ConfigurationLine) throws -> UInt32 {
        let argument = try line.next()
        guard argument.utf8.allSatisfy({ (0x30...0x37).contains($0) }), let mask = UInt32(argument, radix: 8),
            mask <= 0o777
        else {
            throw line.failure("Bad mask.")
        }
        return mask
    }

    /// Seconds; 0 for `none`.
    static func interval(_ line: inout ConfigurationLine) throws -> Int {
        try Self.timeout(&line) ?? 0
    }

    /// Seconds; nil for `none`.
    static func timeout(_ line: inout ConfigurationLine) throws -> Int? {
        let argument = try line.next()
        if argument == "none" { return nil }
        guard let seconds = Self.seconds(argument) else { throw line.failure("invalid time value.") }
        return seconds
    }

    /// `90`, `1m30s`, `2h`, `1w`.
    static func seconds(_ text: String) -> Int? { ConfigurationTime.seconds(text).map(Int.init) }

    /// `default|BYTES[K|M|G] [none|TIME]`.
    static func rekeyLimit(_ line: inout ConfigurationLine) throws -> ClientRekeyLimit {
        var limit = ClientRekeyLimit()
        let argument = try line.next()
        if argument != "default" {
            guard let bytes = Self.scaled(argument) else { throw line.failure("Bad number '\(argument)'") }
            guard bytes == 0 || bytes >= 16 else { throw line.failure("RekeyLimit too small") }
            limit.bytes = bytes == 0 ? nil : bytes
        }
        guard let time = line.nextIfAny(), time != "none" else { return limit }
        guard let seconds = Self.seconds(time) else { throw line.failure("invalid rekey interval value.") }
        limit.seconds = seconds == 0 ? nil : seconds
        return limit
    }

    private static func scaled(_ text: String) -> UInt64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = PortNumber.decimal(digits) else { return nil }
        let shift: UInt64
        switch text.dropFirst(digits.count).lowercased() {
        case "", "b": shift = 0
        case "k": shift = 10
        case "m": shift = 20
        case "g": shift = 30
        case "t": shift = 40
        default: return nil
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        return overflow || bytes > UInt64(Int64.max) ? nil : bytes
    }

    static func logLevel(_ line: inout ConfigurationLine) throws -> ClientLogLevel {
        let argument = try line.next()
        let name = argument.uppercased() == "DEBUG1" ? "DEBUG" : argument.uppercased()
        guard let level = ClientLogLevel(rawValue: name) else {
            throw line.failure("unsupported log level '\(argument)'")
        }
        return level
    }

    static func algorithms(_ line: inout ConfigurationLine) throws -> AlgorithmSpecification {
        let argument = try line.next()
        guard let specification = AlgorithmSpecification(argument) else {
            throw line.failure("Bad algorithm list '\(argument)'.")
        }
        return specification
    }

    static func files(_ line: inout ConfigurationLine) throws -> [String] {
        let files = try line.remaining()
        guard files.contains("none") else { return files }
        guard files.count == 1 else { throw line.failure("keyword \(line.keyword) \"none\" must be its only argument") }
        return []
    }

    static func permitRemoteOpen(_ line: inout ConfigurationLine) throws -> PermitRemoteOpen {
        let arguments = try line.remaining()
        if arguments == ["any"] { return .any }
        if arguments == ["none"] { return .none }
        return .targets(
            try arguments.map { argument in
                guard let (host, port) = HostAndPort.split(argument), let port, !host.isEmpty else {
                    throw line.failure("missing host or port in \(line.keyword) '\(argument)'")
                }
                if port == "*" { return PermitRemoteOpen.Target(host: host, port: nil) }
                guard let number = PortNumber.parse(port), number > 0 else {
                    throw line.failure("bad port number in \(line.keyword)")
                }
                return PermitRemoteOpen.Target(host: host, port: number)
            }
        )
    }
}
