import SSHForwarding

/// Listeners on Unix sockets count like those on ports.
extension RemoteForwards {
    enum UnixEntry {
        case binding
        case listening(UnixListener)
    }

    var paths: [String] { Array(self.unixEntries.keys) }

    /// - Returns: false if the client has that listener already, or too many.
    func begin(path: String) -> Bool {
        guard self.hasRoom, self.unixEntries[path] == nil else { return false }
        self.unixEntries[path] = .binding
        return true
    }

    /// - Returns: false if the connection has gone meanwhile, or the client took its request back: the listener is closed.
    func finish(_ listener: UnixListener) -> Bool {
        guard !self.isClosed, case .binding = self.unixEntries[listener.path] else {
            listener.close()
            return false
        }
        self.unixEntries[listener.path] = .listening(listener)
        return true
    }

    func fail(path: String) {
        self.unixEntries[path] = nil
    }

    /// - Parameter file: the listener must be this file's; nil for whichever it is.
    /// - Returns: false if there is no such listener.
    func cancel(path: String, _ file: UnixSocketFile.Identity? = nil) -> Bool {
        if let file, case .listening(let listener) = self.unixEntries[path], listener.file != file { return false }
        guard let entry = self.unixEntries.removeValue(forKey: path) else { return false }
        if case .listening(let listener) = entry { listener.close() }
        return true
    }

    func closeAllUnix() {
        for case .listening(let listener) in self.unixEntries.values { listener.close() }
        self.unixEntries = [:]
    }
}
