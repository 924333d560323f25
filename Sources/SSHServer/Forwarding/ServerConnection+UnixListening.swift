import Logging
import NIOCore
import NIOPosix
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire

/// The client's -R with a path: streamlocal-forward, cancel-streamlocal-forward and forwarded-streamlocal (OpenSSH's
/// PROTOCOL §2.4).
extension ServerConnection {
    /// So many paths of a connection wait for the system's word on the account.
    private static let mostAccountQuestions = 64

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
            guard self.forwards.begin(path: path) else {
                self.requestLog.info("\(self.peer): no second or further listener on \(path.escapedForLog)")
                return self.answer(connection, reply, success: nil)
            }
            self.bind(connection, path, policy) { result in
                self.listening(connection, path, reply, result)
            }
        }
    }

    private func bind(
        _ connection: ConnectionHandler,
        _ path: String,
        _ policy: ForwardingPolicy,
        _ completion: @escaping (Result<UnixListener, any Error>) -> Void
    ) {
        guard let eventLoop = connection.eventLoop, let owner = self.unixSocketOwner else { return }
        let registry = self.context.unixSockets
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        do {
            let file = try registry.bind(
                path: path,
                mask: policy.streamLocalBindMask,
                unlinks: policy.streamLocalBindUnlink,
                for: owner,
                onTakeover: { file in eventLoop.execute { bound.value.takenOver(path, file) } }
            )
            UnixListener.listen(
                on: file,
                eventLoop: eventLoop,
                remove: { registry.remove(file) },
                onAccept: { [weak self] socket in self?.accepted(socket, path: path, connection) },
                completion: completion
            )
        } catch {
            completion(.failure(error))
        }
    }

    private func listening(
        _ connection: ConnectionHandler,
        _ path: String,
        _ reply: UInt64?,
        _ result: Result<UnixListener, any Error>
    ) {
        switch result {
        case .failure(let error):
            self.forwards.fail(path: path)
            self.requestLog.error("\(self.peer): cannot listen to path \(path.escapedForLog): \(ErrorText.of(error))")
            self.answer(connection, reply, success: nil)
        case .success(let listener):
            guard self.forwards.finish(listener) else { return self.answer(connection, reply, success: nil) }
            self.logger.debug("\(self.peer): listening on path \(path.escapedForLog)")
            self.answer(connection, reply, success: ByteBuffer())
            // The rules may have changed meanwhile.
            self.closeForbiddenListeners()
        }
    }

    func cancel(_ connection: ConnectionHandler, path: String, _ reply: UInt64?) {
        self.answer(connection, reply, success: self.forwards.cancel(path: path) ? ByteBuffer() : nil)
    }

    /// The same account with the same key listens there now.
    private func takenOver(_ path: String, _ file: UnixSocketFile.Identity) {
        guard self.forwards.cancel(path: path, file) else { return }
        self.logger.info("\(self.peer): listener on path \(path.escapedForLog) taken over by the same key")
    }

    private func accepted(_ socket: any Channel, path: String, _ connection: ConnectionHandler) {
        guard !self.context.isStopping else { return socket.close(promise: nil) }
        let audit = TunnelAudit(
            kind: "forwarded-streamlocal@openssh.com",
            from: "a local program",
            to: path.escapedForLog
        )
        self.tunnel(connection, audit).open(.forwardedStreamLocal(path: path), for: socket)
    }

    private var unixSocketOwner: UnixSocketRegistry.Owner? {
        self.login.map { UnixSocketRegistry.Owner(user: $0.user, key: $0.claim.key.blob) }
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
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { Account.lookingUp(name) }
            .assumeIsolated().whenComplete { result in
                self.accountQuestions -= 1
                guard !connection.hasEnded else { return }
                body(policy, (try? result.get()) ?? Account(name: name))
            }
    }
}
