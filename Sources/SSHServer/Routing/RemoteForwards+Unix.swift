import SSHForwarding

/// Listeners on Unix sockets count like those on ports.
extension RemoteForwards {
    enum UnixEntry {
        case binding(Ticket)
        case listening(UnixListener, ListenerRoom?)
    }

    var unixListenerCount: Int {
        self.unixEntries.values.count { if case .listening = $0 { true } else { false } }
    }

    var paths: [String] { Array(self.unixEntries.keys) }

    /// - Returns: what `finish` or `fail` wants to see.
    func begin(path: String) throws(Refusal) -> Ticket {
        guard self.unixEntries[path] == nil else { throw .exists }
        let ticket = try self.beginWork()
        self.unixEntries[path] = .binding(ticket)
        return ticket
    }

    /// Whether the client has neither gone nor taken its request back.
    func isWanted(path: String, _ ticket: Ticket) -> Bool {
        guard !self.isClosed, case .binding(ticket) = self.unixEntries[path] else { return false }
        return true
    }

    /// - Returns: false if the connection has gone meanwhile, or the client took its request back: the listener is closed.
    func finish(_ listener: UnixListener, _ ticket: Ticket) -> Bool {
        let room = self.endWork(ticket)
        guard self.isWanted(path: listener.path, ticket) else {
            listener.close()
            return false
        }
        self.unixEntries[listener.path] = .listening(listener, room)
        return true
    }

    func fail(path: String, _ ticket: Ticket) {
        self.endWork(ticket)
        if self.isWanted(path: path, ticket) { self.unixEntries[path] = nil }
    }

    /// - Parameter file: the listener must be this file's; nil for whichever it is.
    /// - Returns: false if there is no such listener.
    func cancel(path: String, _ file: UnixSocketFile.Identity? = nil) -> Bool {
        if let file, case .listening(let listener, _) = self.unixEntries[path], listener.file != file { return false }
        guard let entry = self.unixEntries.removeValue(forKey: path) else { return false }
        if case .listening(let listener, _) = entry { listener.close() }
        return true
    }

    func closeAllUnix() {
        for case .listening(let listener, _) in self.unixEntries.values { listener.close() }
        self.unixEntries = [:]
    }
}
