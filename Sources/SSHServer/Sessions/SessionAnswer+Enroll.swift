import Glibc
import SSHConfiguration
import SSHCrypto
import SSHSystem

/// `enroll NAME`: a device or person comes with an invite's one-time key, and its own key is let in.
extension SessionAnswer {
    func enroll(_ name: String) async throws -> SessionCommandEnd {
        guard let input = try await self.stream.input() else { return .failure("enroll: that is too long for a key") }
        let (own, others) = Self.split(input)
        let hostKeys: [String]
        do {
            hostKeys = others.isEmpty ? [] : try DeviceKeys.read(others)
        } catch {
            return .failure("enroll: behind the device's key: \(error.reason.escapedForTerminal())")
        }
        let (configuration, invite) = (self.context.rules.configuration, self.caller.key)
        let line = try await self.threads.result {
            try DeviceEnrolment(configuration).enrol(name, own, by: invite, now: UInt64(clamping: time(nil)))
        }
        self.note("enroll \(line.name): \(line.key.fingerprint)")
        // Whoever was cut off before this comes again.
        if !hostKeys.isEmpty, let device = try? DeviceName(line.name) {
            guard line.mayListen(as: device) else {
                return .failure("enroll: the key is let in, but may not listen as \(device.text): no host keys kept")
            }
            do {
                try await self.keep(hostKeys, of: device)
            } catch is DeviceKeys.Full {
                return .failure("enroll: the key is let in, but as many devices have told host keys as may", status: 75)
            }
        }
        if self.wantsJSON {
            let json = self.object { writer in
                writer.add("enrolled", text: line.name)
                writer.add("account", text: self.caller.account)
                writer.add("key", text: line.key.fingerprint)
                writer.add("listen", texts: line.listens)
                writer.add("hostKeys", number: hostKeys.count)
            }
            try await self.write([json])
        } else {
            let places = line.listens.isEmpty ? "nowhere" : line.listens.joined(separator: " ")
            try await self.write(["enrolled name=\(line.name) account=\(self.caller.account)", "may listen: \(places)"])
        }
        return .success
    }

    /// - Returns: the first line that holds something, which is the device's own key, and what stands behind it.
    private static func split(_ input: [UInt8]) -> (own: [UInt8], others: [UInt8]) {
        var own: [UInt8]?
        var others: [UInt8] = []
        for line in input.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            guard line.contains(where: { $0 != 0x20 && $0 != 0x09 }), line.first != UInt8(ascii: "#") else { continue }
            if own == nil { own = Array(line) } else { others += line + [UInt8(ascii: "\n")] }
        }
        return (own ?? [], others)
    }
}
