import SSHSystem

/// Something in a configuration file that is read but does not do what it would do in sshd.
public struct ConfigurationWarning: Hashable, Sendable, CustomStringConvertible {
    public let file: String
    public let line: Int
    /// Begins with the keyword.
    public let text: String

    public init(file: String, line: Int, text: String) {
        self.file = file
        self.line = line
        self.text = text
    }

    public var description: String { "\(self.file) line \(self.line): \(self.text)".escapedForLog }
}
