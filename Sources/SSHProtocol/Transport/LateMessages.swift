import SSHWire

/// What a peer says under the old keys after its KEXINIT, until its NEWKEYS.
///
/// RFC 4253 §7.1 allows nothing but key exchange then. Some clients answer from one thread and exchange keys in another, and a
/// reply to what we asked before slips in between. After the login, replies and control messages are taken, as sshd did before
/// OpenSSH 10.4; what we answer waits for our own NEWKEYS, so their number is bounded. Data is not taken: it is what an exchange
/// that never ends could pile up.
struct LateMessages {
    private var count = 0
    private var bytes = 0

    /// - Throws: `protocolViolation` for a message that may not come late, `limitExceeded` for one too many.
    mutating func take(_ number: MessageNumber, size: Int, limits: EngineLimits) throws {
        guard Self.isControl(number) else {
            throw SSHError.protocolViolation("\(number) in the middle of a key exchange")
        }
        self.count += 1
        self.bytes += size
        guard self.count <= limits.lateMessages, self.bytes <= limits.bytesOfLateMessages else {
            throw SSHError(.limitExceeded, "the peer sends too much in the middle of a key exchange")
        }
    }

    private static func isControl(_ number: MessageNumber) -> Bool {
        switch number {
        case .globalRequest, .requestSuccess, .requestFailure, .channelOpen, .channelOpenConfirmation,
            .channelOpenFailure, .channelWindowAdjust, .channelEOF, .channelClose, .channelRequest, .channelSuccess,
            .channelFailure, .ping, .pong:
            true
        default:
            false
        }
    }
}
