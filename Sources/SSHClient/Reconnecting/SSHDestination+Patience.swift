import NIOCore

extension SSHDestination {
    /// The same, with those on the way to it, for somebody who tries again: nothing that does not answer keeps the next try waiting.
    ///
    /// - Parameter hasOthers: whether another server waits for its turn.
    func patient(_ options: ReconnectOptions, hasOthers: Bool) -> SSHDestination {
        var destination = self
        if destination.options.connectTimeout == nil {
            let (dial, keyExchange) = (options.dialTimeout, options.keyExchangeTimeout)
            destination.options.dialTimeout = hasOthers ? min(dial, .seconds(2)) : dial
            destination.options.connectTimeout = hasOthers ? min(keyExchange, .seconds(10)) : keyExchange
        }
        if case .jump(let hop) = destination.route {
            destination.route = .jump(hop.patient(options, hasOthers: hasOthers))
        }
        return destination
    }
}
