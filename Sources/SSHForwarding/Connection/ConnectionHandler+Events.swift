import SSHProtocol

extension ConnectionHandler {
    /// Passes an event on: to the owner what concerns the connection, to its sink what concerns a channel.
    func handle(_ event: Event) {
        switch event {
        case .lineBeforeIdentification(let line, let number):
            self.owner?.connection(self, lineBeforeIdentification: line, number: number)
        case .identification(let line): self.owner?.connectionIdentified(self, peer: line)
        case .hostKey(let key): self.owner?.connection(self, verify: key)
        case .signatureWanted(let request): self.askForSignature(request)
        case .newKeys(let algorithms, let isFirst):
            self.owner?.connectionNegotiated(self, algorithms, isFirst: isFirst)
        case .debug(let debug): self.owner?.connection(self, debug: debug)
        case .banner(let text): self.owner?.connection(self, banner: text)
        case .loginBegins(let user): self.owner?.connection(self, loginBeginsFor: user)
        case .authenticationRequest(let request): self.owner?.connection(self, authenticate: request)
        case .authenticationFailed(let user): self.owner?.connection(self, authenticationFailedFor: user)
        case .authenticated: self.owner?.connectionAuthenticated(self)
        case .globalRequest(let request, let reply): self.owner?.connection(self, request: request, reply: reply)
        case .globalReply(let number, let data): self.owner?.connection(self, reply: number, success: data)
        case .channelShortage(let shortage): self.owner?.connection(self, lacksRoom: shortage)
        case .channelOpen(let id, let kind): self.owner?.connection(self, open: id, kind)
        case .channelConfirmed(let id): self.sinks[id]?.channelConfirmed()
        case .channelRefused(let id, let reason, let message):
            self.sinks.removeValue(forKey: id)?.channelRefused(reason, message)
        case .channelData(let id, let data):
            guard let sink = self.sinks[id] else { return }
            sink.channelRead(data)
            self.touch(sink)
        case .channelExtendedData(let id, let type, let data):
            guard let sink = self.sinks[id] else { return }
            sink.channelReadExtended(type, data)
            self.touch(sink)
        case .channelEOF(let id): self.sinks[id]?.channelEOF()
        case .channelCloseReceived(let id):
            if let sink = self.sinks[id] { sink.channelCloseReceived() } else { self.close(id) }
        case .channelClosed(let id): self.sinks.removeValue(forKey: id)?.channelClosed()
        case .channelRequest(let id, let name, let data, let reply):
            self.sinks[id]?.channelRequest(name, data, reply: reply)
        case .channelReply(let id, let success): self.sinks[id]?.channelReply(success: success)
        case .channelWritable(let id): self.sinks[id]?.channelWritable()
        }
    }
}
