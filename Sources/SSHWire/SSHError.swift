/// What went wrong, in a form that programs can branch on and people can act on.
public struct SSHError: Error, Sendable, CustomStringConvertible {
    /// A stable, machine-readable name for a kind of failure.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        public init(_ description: String) {
            self.description = description
        }

        /// The peer broke the protocol: a malformed field, or a message that its state does not allow.
        public static let protocolViolation = Code("protocolViolation")
        /// The peer exceeded a limit that this program sets.
        public static let limitExceeded = Code("limitExceeded")
        /// No algorithm in common with the peer.
        public static let noCommonAlgorithm = Code("noCommonAlgorithm")
        /// Key exchange failed: bad public value, bad signature.
        public static let keyExchangeFailed = Code("keyExchangeFailed")
        /// A packet's authentication tag was wrong.
        public static let integrityCheckFailed = Code("integrityCheckFailed")
        /// The host key is unknown, changed or revoked.
        public static let hostKeyRejected = Code("hostKeyRejected")
        /// Whoever holds a private key for us gave no signature, or a wrong one.
        public static let signatureUnavailable = Code("signatureUnavailable")
        /// Every authentication method failed, or the peer offered none that we have.
        public static let authenticationFailed = Code("authenticationFailed")
        /// The peer sent SSH_MSG_DISCONNECT: `SSHError.disconnect` holds it.
        public static let disconnectedByPeer = Code("disconnectedByPeer")
        /// The connection broke, was ended by this side, or could not be made.
        public static let connectionLost = Code("connectionLost")
        /// The peer closed the connection without a word.
        public static let connectionClosed = Code("connectionClosed")
        /// The peer's system knows nothing of the connection any more.
        public static let connectionReset = Code("connectionReset")
        /// The peer's first line is no identification.
        public static let invalidIdentification = Code("invalidIdentification")
        /// The peer's identification names another protocol version.
        public static let protocolVersionMismatch = Code("protocolVersionMismatch")
        /// Something took longer than it may.
        public static let timedOut = Code("timedOut")
        /// A key, a certificate or a key file that cannot be used.
        public static let invalidKey = Code("invalidKey")
        /// A configuration file or command line that cannot be used.
        public static let invalidConfiguration = Code("invalidConfiguration")
        /// A forward was refused or could not be set up.
        public static let forwardingFailed = Code("forwardingFailed")
        /// The operating system refused something.
        public static let system = Code("system")
        /// The caller asked for something the state does not allow.
        public static let misuse = Code("misuse")
    }

    public let code: Code
    /// One sentence that a user can act on. It never holds a secret.
    public let reason: String
    /// What whoever runs this side can do about it, if that is known: for a line of its own in a log. The peer does not hear it.
    public let advice: String?
    /// What the peer said when it ended the connection; nil for any other error.
    public let disconnect: Disconnect?
    /// Where it was thrown.
    public let file: String
    public let line: Int

    public init(
        _ code: Code,
        _ reason: String,
        advice: String? = nil,
        file: String = #fileID,
        line: Int = #line
    ) {
        self.code = code
        self.reason = reason
        self.advice = advice
        self.disconnect = nil
        self.file = file
        self.line = line
    }

    /// `disconnectedByPeer`; the reason is number and message, as OpenSSH writes them.
    public init(disconnect: Disconnect, file: String = #fileID, line: Int = #line) {
        self.code = .disconnectedByPeer
        self.reason = "\(disconnect.reason.rawValue): \(disconnect.message)"
        self.advice = nil
        self.disconnect = disconnect
        self.file = file
        self.line = line
    }

    /// `connectionClosed`
    public static func connectionClosed(file: String = #fileID, line: Int = #line) -> SSHError {
        SSHError(.connectionClosed, "the peer closed the connection", file: file, line: line)
    }

    public var description: String { self.reason }

    public static func protocolViolation(_ reason: String, file: String = #fileID, line: Int = #line) -> SSHError {
        SSHError(.protocolViolation, reason, file: file, line: line)
    }
}
