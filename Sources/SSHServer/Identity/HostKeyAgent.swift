import Glibc
import NIOCore
import NIOPosix
import SSHCrypto
import SSHForwarding
import SSHSystem
import SSHWire

/// The agent that signs with host keys (HostKeyAgent), as it was found when the configuration was read.
struct HostKeyAgent: Sendable {
    /// Stands for the variable of the environment.
    static let variable = "SSH_AUTH_SOCK"
    /// An agent that asks people is none for a host.
    private static let answerTime = TimeAmount.seconds(3)

    /// Where it listens.
    let path: String
    /// The keys that it has; nil if it does not say.
    private let blobs: Set<[UInt8]>?
    /// Why it does not.
    private let problem: String?

    /// Waits for the agent's answer, so not to be called on an event loop.
    ///
    /// - Throws: `agentUnreachable` if nobody listens there.
    init(_ value: String) throws {
        let path = value == Self.variable ? getenv(Self.variable).map { String(cString: $0) } ?? "" : value
        guard !path.isEmpty else { throw SSHError(.agentUnreachable, "\(Self.variable) is not set") }
        self.path = path
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let eventLoop = group.next()
        let asked = eventLoop.flatSubmit {
            AgentConnection(path: path, on: eventLoop, answerTime: Self.answerTime).identities()
        }
        do {
            self.blobs = Set(try asked.wait().map(\.blob))
            self.problem = nil
        } catch let error as SSHError where error.code == .agentUnreachable {
            throw error
        } catch {
            self.blobs = nil
            self.problem = ErrorText.of(error)
        }
    }

    /// Why the agent may not sign with a key; nil if it will. As sshd, we rely on it all the same: keys come and go.
    func problem(with key: PublicKey) -> String? {
        guard let blobs = self.blobs else {
            return "the agent \(self.path) does not say which keys it has: \(self.problem ?? "")"
        }
        guard !blobs.contains(key.blob) else { return nil }
        return "the agent \(self.path) does not have it, and until it has, clients are refused"
    }
}
