import SSHConfiguration

extension Keyword {
    /// Bytes and time are set apart from each other, as in sshd: `RekeyLimit 1G` leaves the time to another line.
    static let rekeyLimit = Keyword(name: "RekeyLimit", scope: .anywhere) { arguments in
        let bytes = try arguments.rekeyBytes()
        let time = try arguments.rekeyTime()
        let rule = arguments.rule
        return .account { settings in
            settings.$rekeyBytes.setOnce(bytes, by: rule)
            if let time { settings.$rekeyTime.setOnce(time, by: rule) }
        }
    } overlay: { matched, settings in
        if matched.$rekeyBytes.rule != nil { settings.$rekeyBytes = matched.$rekeyBytes }
        if matched.$rekeyTime.rule != nil { settings.$rekeyTime = matched.$rekeyTime }
    } format: { _, settings in
        ["\(settings.rekeyBytes ?? 0) \(Self.text(settings.rekeyTime))"]
    }
}

extension Arguments {
    fileprivate mutating func rekeyBytes() throws -> UInt64? {
        let bytes = try self.size()
        guard bytes.map({ $0 >= 16 }) ?? true else {
            throw self.problem("\"\(bytes ?? 0)\" is too little between two key exchanges, expected at least 16 bytes")
        }
        return bytes
    }

    /// The outer nil says nothing, as `none` does in sshd; the inner stands for 0, no limit.
    fileprivate mutating func rekeyTime() throws -> Duration?? {
        guard let word = self.peek, word.asciiLowercased != "none" else {
            _ = self.next()
            return nil
        }
        return .some(try self.duration(["none"]))
    }
}
