public import SSHForwarding
import SSHWire

extension TunnelRefusal {
    /// In ssh's words. The part after the colon is the server's, and not to be printed raw.
    public var sentence: String {
        let words =
            switch self.reason {
            case .administrativelyProhibited: "administratively prohibited"
            case .connectFailed: "connect failed"
            case .unknownChannelType: "unknown channel type"
            case .resourceShortage: "resource shortage"
            default: "unknown reason \(self.reason.rawValue)"
            }
        return self.message.isEmpty ? words : "\(words): \(self.message)"
    }
}
