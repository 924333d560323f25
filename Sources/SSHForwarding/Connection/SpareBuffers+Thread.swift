import SSHCrypto
import SSHProtocol

extension SpareBuffers {
    private static let buffers = ThreadValue<SpareBuffers>()

    /// Those of the event loop that this runs on.
    static var ofThisThread: SpareBuffers {
        self.buffers.ofThisThread { SpareBuffers() }
    }
}
