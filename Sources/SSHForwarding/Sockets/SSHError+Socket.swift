import Glibc
import NIOCore
import SSHSystem
import SSHWire

extension SSHError {
    /// The error of a connection whose socket failed, in the system's words.
    init(brokenBy error: any Error, file: String = #fileID, line: Int = #line) {
        guard let number = (error as? IOError)?.errnoCode else {
            self.init(.connectionLost, "the connection broke: \(error)", file: file, line: line)
            return
        }
        let code: Code = number == ECONNRESET ? .connectionReset : .connectionLost
        self.init(code, "\(SystemError(number))", file: file, line: line)
    }
}
