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
extension ServerConnection {
    /// So many paths of a connection wait for the system's word on the account.
    private static let mostAccountQuestions = 64
    /// So many connections that listen on a path are asked for a sign of life in turn.
    private static let mostAsked = 4

    func listen(_ connection: ConnectionHandler, path: String, _ reply: UInt64?) {
        self.withUnixPolicy(connection, orElse: { self.answer(connection, reply, success: nil) }) { policy, account in
            let decision = policy.mayListen(path: path, for: account)
            guard decision.isPermitted else {
                self.requestLog.info(
                    """
                    Received request from \(self.peer) to remote forward to path "\(path.escapedForLog)", \
                    but the request was denied. [\(decision.rule)]
                    """
                )
                return self.answer(connection, reply, success: nil)
            }
            let ticket: RemoteForwards.Ticket
            do {
                ticket = try self.forwards.begin(path: path)
            } catch {
                self.requestLog.info("\(self.peer): no listener on \(path.escapedForLog): \(error)")
                return self.answer(connection, reply, success: nil)
            }
            self.bind(connection, path, ticket, policy, asking: Self.mostAsked) { result in
                self.listening(connection, path, ticket, reply, result)
            }
        }
    }

    /// - Parameters:
    ///   - silent: who listened there and was asked for a sign of life in vain.
    ///   - asking: how many more may be asked: others may come there meanwhile.
    private func bind(
        _ connection: ConnectionHandler,
        _ path: String,
        _ ticket: RemoteForwards.Ticket,
        _ policy: ForwardingPolicy,
        silent: UnixSocketFile.Identity? = nil,
        asking: Int,
        _ completion: @escaping (Result<UnixListener, any Error>) -> Void
    ) {
        guard let eventLoop = connection.eventLoop, !connection.hasEnded, self.forwards.isWanted(path: path, ticket),
            let listener = self.unixSocketListener(path, on: eventLoop), let login = self.login
        else { return completion(.failure(SSHError(.forwardingFailed, "nobody wants it any more"))) }
        let registry = self.context.unixSockets
        let rule = login.grant.settings.listenTakeover
        do {
            let file = try registry.bind(
                path: path,
                mask: policy.streamLocalBindMask,
                unlinks: policy.streamLocalBindUnlink,
                for: listener,
                rule: rule,
                silent: silent
            )
            UnixListener.listen(
                on: file,
                eventLoop: eventLoop,
                remove: { registry.remove(file) },
                onAccept: { [weak self] socket in self?.accepted(socket, path: path, connection) },
                completion: completion
            )
        } catch let question as UnixSocketRegistry.MustAsk where asking > 0 {
            let promise = eventLoop.makePromise(of: LifeSign.self)
            self.claimCount += 1
            self.sayThatWeLiveWhileWaiting()
            promise.futureResult.assumeIsolated().whenSuccess { sign in
                self.endWaiting()
                guard sign != .alive else {
                    let reason = "another connection listens there, which is alive [ListenTakeover \(rule.rawValue)]"
                    return completion(.failure(SSHError(.forwardingFailed, reason)))
                }
                self.bind(connection, path, ticket, policy, silent: question.identity, asking: asking - 1, completion)
            }
            question.listener.showLife(promise)
        } catch {
            completion(.failure(error))
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
            self.requestLog.error("\(self.peer): cannot listen to path \(path.escapedForLog): \(ErrorText.of(error))")
            self.answer(connection, reply, success: nil)
        case .success(let listener):
            guard self.forwards.finish(listener, ticket) else { return self.answer(connection, reply, success: nil) }
            self.logListener("path \(path.escapedForLog)") { ["path": .string(path.escapedForLog)] }
            self.answer(connection, reply, success: ByteBuffer())
            // The rules may have changed meanwhile.
            self.closeForbiddenListeners()
        }
    }

    func cancel(_ connection: ConnectionHandler, path: String, _ reply: UInt64?) {
        self.answer(connection, reply, success: self.forwards.cancel(path: path) ? ByteBuffer() : nil)
    }

    /// Another connection listens there now, which may.
    private func takenOver(_ path: String, _ file: UnixSocketFile.Identity) {
        guard self.forwards.cancel(path: path, file) else { return }
        self.requestLog.info("\(self.peer): listener on path \(path.escapedForLog) taken over by another connection")
        guard let handler = self.handler, let question = self.lifeQuestion,
            let sign = question.sign(lastHeard: handler.lastHeard, now: .now()), sign != .alive
        else { return }
        self.endAfterTakeover(by: "another connection", sign)
    }

    private func unixSocketListener(
        _ path: String,
        on eventLoop: any EventLoop
    ) -> UnixSocketRegistry.Listener? {
        guard let login = self.login else { return nil }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        return UnixSocketRegistry.Listener(
            owner: UnixSocketRegistry.Owner(user: login.user, key: login.claim.key.blob),
            showLife: { promise in
                eventLoop.execute { bound.value.showLife(promise) { $0.forwards.paths.contains(path) } }
            },
            onTakeover: { file in eventLoop.execute { bound.value.takenOver(path, file) } }
        )
    }

    private func accepted(_ socket: any Channel, path: String, _ connection: ConnectionHandler) {
        guard !self.context.isStopping, let descriptor = self.takeSocket() else { return socket.close(promise: nil) }
        let audit = TunnelAudit(
            kind: "forwarded-streamlocal@openssh.com",
            from: "a local program",
            to: path.escapedForLog
        )
        self.tunnel(connection, audit, descriptor).open(.forwardedStreamLocal(path: path), for: socket)
    }

    /// The policy as it is now, and the account that its patterns ask for: the system is asked only if one of them does, and
    /// away from the event loop.
    ///
    /// - Parameter refuse: is called instead if the client asks faster than the system answers; nil where it is not the client
    ///   who asks.
    func withUnixPolicy(
        _ connection: ConnectionHandler,
        orElse refuse: (() -> Void)?,
        _ body: @escaping (ForwardingPolicy, Account) -> Void
    ) {
        guard let policy = self.policy, let login = self.login, let name = AccountName(login.user),
            let eventLoop = connection.eventLoop
        else { return }
        guard policy.needsUnixAccount else { return body(policy, Account(name: name)) }
        if let refuse, self.accountQuestions >= Self.mostAccountQuestions {
            self.requestLog.info("\(self.peer): too many paths at a time")
            return refuse()
        }
        self.accountQuestions += 1
        self.work(on: eventLoop, { Account.lookingUp(name) }) { account in
            self.accountQuestions -= 1
            guard !connection.hasEnded else { return }
            body(policy, account)
        }
    }
}
