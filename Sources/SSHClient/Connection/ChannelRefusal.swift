import SSHWire

/// A server's refusal of a channel, in ssh's words.
enum ChannelRefusal {
    static func sentence(_ reason: ChannelOpenFailure.Reason, _ message: String) -> String {
        let words =
            switch reason {
            case .administrativelyProhibited: "administratively prohibited"
            case .connectFailed: "connect failed"
            case .unknownChannelType: "unknown channel type"
            case .resourceShortage: "resource shortage"
            default: "unknown reason \(reason.rawValue)"
            }
        return message.isEmpty ? words : "\(words): \(message)"
    }
}
