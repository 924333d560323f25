import NIOCore
import SSHWire

extension Engine {
    /// As much as ssh shows.
    private static let longestText = 900

    /// Says something to the person at the other end (SSH_MSG_DEBUG, RFC 4253 §11.3). ssh and plink show it with `-v`.
    ///
    /// While a key exchange holds our messages back, it is left out: nobody waits for it, and it would take the room of answers.
    ///
    /// - Parameter text: ASCII; what is longer than 900 bytes is cut.
    public mutating func sendDebug(_ text: String, alwaysDisplay: Bool) throws {
        guard !self.transport.keyExchange.holdsOwnMessages else { return }
        let message = ByteBuffer(bytes: text.utf8.prefix(Self.longestText))
        try self.transport.send(Debug(alwaysDisplay: alwaysDisplay, message: message))
    }
}
