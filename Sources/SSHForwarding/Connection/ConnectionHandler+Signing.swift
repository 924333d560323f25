import NIOCore
import SSHProtocol
import SSHWire

/// Signatures by keys that are held elsewhere: the owner sees to them.
extension ConnectionHandler {
    func askForSignature(_ request: SignatureRequest) {
        guard let owner = self.owner, let eventLoop = self.eventLoop else {
            self.perform { try $0.failSignature(for: request.id, "nobody is there to sign") }
            return
        }
        let promise = eventLoop.makePromise(of: [UInt8].self)
        promise.futureResult.assumeIsolated().whenComplete { [weak self] result in
            self?.perform { engine in
                switch result {
                case .success(let signature): try engine.provide(signature: signature, for: request.id)
                case .failure(let error):
                    let reason = (error as? SSHError)?.reason ?? "\(error)"
                    try engine.failSignature(for: request.id, reason)
                }
            }
        }
        owner.connection(self, sign: request, promise)
    }
}
