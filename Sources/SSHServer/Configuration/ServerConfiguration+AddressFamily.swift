import SSHConfiguration
import SSHSystem
import SSHWire

extension ServerConfiguration {
    /// An address of the other family would never be listened to; sshd does not start either.
    ///
    /// - Throws: `invalidConfiguration` that names the AddressFamily line.
    func checkAddressFamily() throws {
        guard let rule = self.$addressFamily.rule, self.addressFamily != .any else { return }
        for address in self.listenAddresses {
            guard let numeric = IPAddress(address.host), (numeric.bitCount == 32) == (self.addressFamily == .inet6)
            else { continue }
            let problem =
                "AddressFamily: \"\(self.addressFamily.rawValue)\" leaves out ListenAddress \(address.host), expected any"
            throw SSHError(.invalidConfiguration, "\(rule.file) line \(rule.line): \(problem)".escapedForLog)
        }
    }
}
