import SSHSystem
import SSHWire

extension ServerConfiguration {
    /// A MACs line that names nothing we have is of no consequence while every cipher authenticates by itself: the names that we
    /// have are offered then, for peers that choose a MAC in any case.
    ///
    /// - Throws: `invalidConfiguration` that names the MACs line, if a cipher needs one.
    mutating func completeMACs(_ supported: SupportedAlgorithms) throws {
        guard self.macs.isEmpty else { return }
        if let cipher = self.ciphers.first(where: { !supported.ciphersWithoutMAC.contains($0) }) {
            let rule = self.$macs.rule
            let place = rule.map { "\($0.file) line \($0.line): " } ?? ""
            let value = rule.map { String($0.text.dropFirst("MACs ".count)) } ?? ""
            let problem =
                "\"\(value)\" leaves no algorithm that is supported here, expected at least one next to \(cipher)"
            throw SSHError(.invalidConfiguration, "\(place)MACs: \(problem)".escapedForLog)
        }
        self.macs = supported.macs
    }
}
