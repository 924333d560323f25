import NIOCore
import SSHForwarding
import SSHProtocol

/// What the client makes the relay hold counts for its account.
extension ServerConnection {
    /// A listener's objects, in bytes, and its sockets: one for each family.
    private static let listenerBytes = 8 * 1024
    private static let listenerSockets = 2

    /// It is known whose connection this is.
    func countForAccount(_ connection: ConnectionHandler) {
        guard let user = self.login?.user else { return }
        connection.memory.move(to: ResourceBudget.memory.account(named: user))
        self.descriptors.move(to: ResourceBudget.descriptors.account(named: user))
    }

    /// Takes what a socket needs of the account's share.
    ///
    /// - Returns: nil if there is none left for it, which is written into the log.
    func takeSocket() -> ResourceReservation? {
        if let socket = self.descriptors.reserve(1, for: .descriptor) { return socket }
        self.requestLog.info("\(self.peer): no tunnel: the account holds all the sockets that it may for now")
        return nil
    }

    func makeListenerRoom() throws(RemoteForwards.Refusal) -> ListenerRoom? {
        if let limit = self.login?.grant.settings.maxListeners, self.forwards.count >= limit { throw .limit(limit) }
        guard let memory = self.handler?.memory.reserve(Self.listenerBytes, for: .opening),
            let descriptors = self.descriptors.reserve(Self.listenerSockets, for: .descriptor)
        else { throw .noRoom }
        return ListenerRoom(memory: memory, descriptors: descriptors)
    }

    func connection(_ connection: ConnectionHandler, lacksRoom shortage: ChannelShortage) {
        switch shortage {
        case .limit(let limit):
            self.requestLog.info("\(self.peer): no further channel: the connection has \(limit) (MaxChannels)")
        case .memory:
            self.requestLog.info(
                "\(self.peer): no further channel: the account holds all the memory that it may for now"
            )
        }
    }
}
