import SSHWire

extension ServerConfiguration {
    /// A MACs line that names nothing we have is of no consequence while every cipher authenticates by itself: the names that we
    /// have are offered then, for peers that choose a MAC in any case.
    ///
    /// - Throws: `invalidConfiguration` that names the MACs line, if a cipher needs one.
    mutating func completeMACs(_ supported: SupportedAlgorithms) throws {
        guard self.macs.isEmpty else { return }
        if let cipher = self.ciphers.first(where: { !supported.ciphersWithoutMAC.contains($0) }) {
            let written = self.$macs.rule ?? .builtIn("MACs")
            let value = written.text.split(separator: " ", maxSplits: 1).dropFirst().joined()
            let problem = "leaves no algorithm that is supported here, expected at least one next to \(cipher)"
            let line = Rule(file: written.file, line: written.line, text: "MACs: \"\(value)\" \(problem)")
            throw SSHError(.invalidConfiguration, "\(line)")
        }
        self.macs = supported.macs
    }
}
