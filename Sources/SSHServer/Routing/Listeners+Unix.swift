import Logging
import NIOCore
import NIOPosix
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// The client's -R with a path: streamlocal-forward, cancel-streamlocal-forward and forwarded-streamlocal (OpenSSH's
/// PROTOCOL §2.4).
extension Listeners {
    /// So many connections that listen on a path are asked for a sign of life in turn.
    private static let mostAsked = 4

    /// A request for a listener on a path.
    private struct UnixRequest {
        let connection: ConnectionHandler
        let path: String
        let mask: UInt32
        let unlinks: Bool
        let ticket: RemoteForwards.Ticket
        let completion: (Result<UnixListener, any Error>) -> Void
    }

    func listen(_ connection: ConnectionHandler, path: String, _ reply: UInt64?) {
        let refuse = { connection.answer(reply, success: nil) }
        self.client.withUnixPolicy(connection, orElse: refuse) { policy, account in
            let resolver = RouteResolver(policy: policy, self.client.routes, account: self.client.login.user)
            let refused = "no listener on \(path.escapedForLog)"
            let place: ListeningPlace
            do throws(RouteRefusal) {
                place = try resolver.place(for: path, of: account)
            } catch {
                self.log.info(
                    """
                    Received request from \(self.client.peer) to remote forward to path "\(path.escapedForLog)", \
                    but the request was denied. [\(error.rule)]
                    """
                )
                return connection.refuse(reply, because: "\(refused): \(error.rule.text.escapedForLog)")
            }
            guard case .unixSocket(_, let mask, let unlinks) = place else { return refuse() }
            let ticket: RemoteForwards.Ticket
            do {
                ticket = try self.forwards.begin(path: path)
            } catch {
                self.log.info("\(self.client.peer): \(refused): \(error)")
                return connection.refuse(reply, because: "\(refused): \(error)")
            }
            let request = UnixRequest(
                connection: connection,
                path: path,
                mask: mask,
                unlinks: unlinks,
                ticket: ticket
            ) { result in
                self.listening(connection, path, ticket, reply, result)
            }
            self.bind(request, asking: Self.mostAsked)
        }
    }

    /// - Parameters:
    ///   - silent: who listened there and was asked for a sign of life in vain.
    ///   - asking: how many more may be asked: others may come there meanwhile.
    private func bind(_ request: UnixRequest, silent: UnixSocketFile.Identity? = nil, asking: Int) {
        let connection = request.connection
        guard let eventLoop = connection.eventLoop, !connection.hasEnded,
            self.forwards.isWanted(path: request.path, request.ticket)
        else { return request.completion(.failure(SSHError(.forwardingFailed, "nobody wants it any more"))) }
        let registry = self.client.routes.unixSockets
        let rule = self.client.login.grant.settings.listenTakeover
        do {
            let file = try registry.bind(
                path: request.path,
                mask: request.mask,
                unlinks: request.unlinks,
                for: self.unixSocketListener(request.path, on: eventLoop),
                rule: rule,
                silent: silent
            )
            UnixListener.listen(
                on: file,
                eventLoop: eventLoop,
                remove: { registry.remove(file) },
                onAccept: { [weak self] socket in self?.accepted(socket, path: request.path, connection) },
                completion: request.completion
            )
        } catch let question as UnixSocketRegistry.MustAsk where asking > 0 {
            let promise = eventLoop.makePromise(of: LifeSign.self)
            self.beginWaiting()
            promise.futureResult.assumeIsolated().whenSuccess { sign in
                self.endWaiting()
                guard sign != .alive else {
                    let reason = "another connection listens there, which is alive [ListenTakeover \(rule.rawValue)]"
                    return request.completion(.failure(SSHError(.forwardingFailed, reason)))
                }
                self.bind(request, silent: question.identity, asking: asking - 1)
            }
            question.listener.showLife(promise)
        } catch {
            request.completion(.failure(error))
        }
    }

    private func listening(
        _ connection: ConnectionHandler,
        _ path: String,
        _ ticket: RemoteForwards.Ticket,
        _ reply: UInt64?,
        _ result: Result<UnixListener, any Error>
    ) {
        switch result {
        case .failure(let error):
            self.forwards.fail(path: path, ticket)
            self.log.error("\(self.client.peer): cannot listen to path \(path.escapedForLog): \(ErrorText.of(error))")
            connection.refuse(reply, because: "no listener on \(path.escapedForLog): \(ErrorText.of(error))")
        case .success(let listener):
            guard self.forwards.finish(listener, ticket) else { return connection.answer(reply, success: nil) }
            self.logListener("path \(path.escapedForLog)") { ["path": .string(path.escapedForLog)] }
            connection.answer(reply, success: ByteBuffer())
            // The rules may have changed meanwhile.
            self.closeForbidden()
        }
    }

    func cancel(_ connection: ConnectionHandler, path: String, _ reply: UInt64?) {
        connection.answer(reply, success: self.forwards.cancel(path: path) ? ByteBuffer() : nil)
    }

    /// Another connection listens there now, which may.
    private func takenOver(_ path: String, _ file: UnixSocketFile.Identity) {
        guard self.forwards.cancel(path: path, file) else { return }
        self.log.info("\(self.client.peer): listener on path \(path.escapedForLog) taken over by another connection")
        guard let sign = self.lifeSigns.sign, sign != .alive else { return }
        self.endAfterTakeover(by: "another connection", sign)
    }

    private func unixSocketListener(
        _ path: String,
        on eventLoop: any EventLoop
    ) -> UnixSocketRegistry.Listener {
        let login = self.client.login
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        return UnixSocketRegistry.Listener(
            owner: UnixSocketRegistry.Owner(user: login.user, key: login.claim.key.blob),
            showLife: { promise in
                eventLoop.execute {
                    let listeners = bound.value
                    listeners.lifeSigns.show(promise) { listeners.forwards.paths.contains(path) }
                }
            },
            onTakeover: { file in eventLoop.execute { bound.value.takenOver(path, file) } }
        )
    }

    private func accepted(_ socket: any Channel, path: String, _ connection: ConnectionHandler) {
        guard !self.client.isStopping, let descriptor = self.client.takeSocket() else {
            return socket.close(promise: nil)
        }
        let audit = TunnelAudit(
            kind: "forwarded-streamlocal@openssh.com",
            from: "a local program",
            to: path.escapedForLog
        )
        self.client.tunnel(connection, audit, descriptor).open(.forwardedStreamLocal(path: path), for: socket)
    }
}
