/// Who may call a listener on a port.
extension ForwardingPolicy {
    /// What stands for whoever comes through the relay itself: TCP would show them from there.
    static let callerThroughRelay = "127.0.0.1"

    /// The rule by which nobody from this address is let to the client's listeners, if there is one. Both lists must permit.
    func refusal(ofCallerFrom address: String) -> Rule? {
        let lists = [self.settings.permitCallers, self.key.options.permitCallers]
        return lists.lazy.compactMap(\.self).first { !$0.permits(address) }?.rule
    }
}
