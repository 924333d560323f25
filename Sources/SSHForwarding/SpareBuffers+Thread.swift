import NIOPosix
import SSHProtocol

extension SpareBuffers {
    private static let variable = ThreadSpecificVariable<SpareBuffers>()

    /// Those of the event loop that this runs on.
    static var ofThisThread: SpareBuffers {
        if let buffers = self.variable.currentValue { return buffers }
        let buffers = SpareBuffers()
        self.variable.currentValue = buffers
        return buffers
    }
}
