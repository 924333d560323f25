public import NIOCore
import SSHProtocol
import SSHWire

/// Connections that the server has no time for now, or no place.
extension ConnectionHandler {
    /// Whether bytes that come are not looked at, because something is being decided or the connection is held.
    public var isAwaitingDecision: Bool { self.engine.isAwaitingDecision }
    /// Whether something waits for a signature by a key that is held elsewhere.
    public var isAwaitingSignature: Bool { self.engine.isAwaitingSignature }

    /// Looks at nothing more that comes until `resumeHandshake`. Does nothing to what was read already.
    public func holdHandshake() {
        self.engine.isHeld = true
    }

    public func resumeHandshake() {
        guard self.engine.isHeld else { return }
        self.perform { $0.isHeld = false }
    }

    /// Says nothing to the peer until `endWithholding` or `refuse`. For a connection that has just come.
    public func withhold() {
        self.isWithheld = true
    }

    public func endWithholding() {
        guard self.isWithheld else { return }
        self.isWithheld = false
        self.perform { _ in }
    }

    /// Ends a withheld connection with these words instead of ours.
    public func refuse(_ words: ByteBuffer) {
        self.refusal = words
        self.end(SSHError(.connectionLost, "refused"), lingers: false)
    }
}
