import SSHConfiguration
public import SSHWire

extension ServerConfiguration {
    /// A port on the command line: a number, or a service's name.
    ///
    /// - Throws: `misuse` in sshd's words.
    public static func port(argument: String) throws(SSHError) -> UInt16 {
        guard let port = try? PortNumber.parse(argument) else { throw SSHError(.misuse, "Bad port number.") }
        return port
    }
}
