import Glibc

/// What became of a program that this one has started.
package enum ProcessEnding: Hashable, Sendable {
    case exit(status: Int32)
    case signal(Int32)
    /// Somebody else has asked.
    case unknown

    private init(status: Int32) {
        self = status & 0x7f == 0 ? .exit(status: status >> 8 & 0xff) : .signal(status & 0x7f)
    }

    /// It is told once.
    ///
    /// - Returns: nil while it runs.
    package static func now(of process: Int32) -> ProcessEnding? {
        var status: Int32 = 0
        switch waitpid(process, &status, WNOHANG) {
        case 0: return nil
        case process: return ProcessEnding(status: status)
        default: return errno == EINTR ? nil : .unknown
        }
    }

    /// Blocks until it has ended.
    package static func awaited(of process: Int32) throws(SystemError) -> ProcessEnding {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw SystemError() }
        }
        return ProcessEnding(status: status)
    }
}
