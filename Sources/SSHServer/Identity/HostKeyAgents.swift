import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire
import Synchronization

/// Which agent signs with which host key. A connection keeps the keys with which it began; who signs with them is always asked
/// anew, as a reload may say something else.
final class HostKeyAgents: Sendable {
    /// How long a signature may take, its time in the queue included: less than LoginGraceTime and than a key exchange.
    private static let answerTime = TimeAmount.seconds(20)

    private struct State {
        /// The agent that a key was last said to be in.
        var paths: [PublicKey: String] = [:]
        /// Keys that are in memory.
        var signers: [PublicKey: any SigningKey] = [:]
    }

    private let state = Mutex(State())

    init(_ keys: [any KeyPair], agent: String?) {
        self.follow(keys, agent: agent)
    }

    /// Goes by these keys. An agent that has none of them still signs for the connections that began with its keys.
    ///
    /// - Parameter agent: where the agent listens that signs with those that are not in memory.
    func follow(_ keys: [any KeyPair], agent: String?) {
        self.state.withLock { state in
            state.signers = [:]
            for key in keys {
                if let signer = key as? any SigningKey {
                    state.signers[key.publicKey] = signer
                } else {
                    state.paths[key.publicKey] = agent
                }
            }
        }
    }

    /// Has somebody sign.
    ///
    /// - Parameters:
    ///   - isUrgent: goes before those that are not: connections that stand before those that begin.
    ///   - isWanted: asked before the agent is.
    func sign(
        _ request: SignatureRequest,
        on eventLoop: any EventLoop,
        isUrgent: Bool,
        isWanted: @escaping () -> Bool
    ) -> EventLoopFuture<[UInt8]> {
        let (signer, path) = self.state.withLock { ($0.signers[request.key], $0.paths[request.key]) }
        if let signer {
            return eventLoop.makeCompletedFuture { try signer.sign(request.bytes, algorithm: request.algorithm) }
        }
        guard let path else {
            return eventLoop.makeFailedFuture(SSHError(.agentUnreachable, "no agent is known for it"))
        }
        return AgentConnections.of(eventLoop).connection(to: path, answerTime: Self.answerTime)
            .signature(for: request, isUrgent: isUrgent, isWanted: isWanted)
            .flatMapErrorThrowing { error in
                throw SSHError(.agentFailed, "agent \(path): \((error as? SSHError)?.reason ?? "\(error)")")
            }
    }
}
