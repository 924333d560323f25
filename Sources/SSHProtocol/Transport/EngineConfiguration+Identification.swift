extension EngineConfiguration {
    /// How long `versionAddendum` may be: the line has at most 255 bytes with its ending (RFC 4253 §4.2).
    public var versionAddendumLimit: Int {
        IdentificationReader.maximumLine - "SSH-2.0-\(self.softwareVersion) \r\n".utf8.count
    }

    /// Whether the text may stand in an identification line: printable ASCII.
    public static func isVersionText(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    }

    private var identificationText: String {
        let addendum = self.versionAddendum.isEmpty ? "" : " " + self.versionAddendum
        return "SSH-2.0-\(self.softwareVersion)\(addendum)"
    }

    /// Our identification line without its ending.
    var identification: [UInt8] { Array(self.identificationText.utf8) }

    /// Neither too long nor unprintable.
    var isIdentificationValid: Bool {
        let text = self.identificationText
        return Self.isVersionText(text) && text.utf8.count + 2 <= IdentificationReader.maximumLine
    }
}
