/// One line of a reply as it goes over the control socket.
public enum OperatorReplyLine: Sendable, Equatable {
    case status(RelayStatus)
    case connection(ConnectionSummary)
    /// All connections have been listed.
    case end
    case kicked(Int)
    case reloaded
    case explained(isPermitted: Bool, lines: [String])
    case failed(String)

    /// Whether another line of the reply follows.
    var isLast: Bool {
        if case .connection = self { false } else { true }
    }
}
