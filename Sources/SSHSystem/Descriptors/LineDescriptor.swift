import Glibc
import Synchronization

/// A descriptor that whole lines are written to, whoever reads them.
///
/// It may be a pipe or a terminal that nobody reads just now, and the descriptor is not ours to make non-blocking: other
/// programs write to it too. So it is asked before each write whether it takes something. A terminal promises no more than a
/// byte then, and is opened once more for us alone.
package final class LineDescriptor: Sendable {
    private struct State {
        /// A line was taken in part.
        var isMidLine = false
        /// The last line was not taken in full.
        var isStuck = false
    }

    /// A pipe that has room at all takes that much without waiting (PIPE_BUF).
    private static let piece = 4096
    /// How long a line waits for a reader that is behind, in milliseconds; after one that waited in vain, none waits.
    private static let patience: Int32 = 20

    private let descriptor: Int32
    /// Opened here.
    private let isOwn: Bool
    private let state = Mutex(State())

    package init(_ descriptor: Int32) {
        let flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        let own = isatty(descriptor) == 1 ? open("/proc/self/fd/\(descriptor)", flags) : -1
        self.isOwn = own >= 0
        self.descriptor = self.isOwn ? own : descriptor
    }

    deinit {
        if self.isOwn { close(self.descriptor) }
    }

    /// - Returns: false if the line is lost, or the rest of it.
    package func write(_ line: String) -> Bool {
        self.state.withLock { state in
            let bytes = Array("\(state.isMidLine ? "\n" : "")\(line)\n".utf8)
            let count = self.write(bytes, milliseconds: state.isStuck ? 0 : Self.patience)
            if count > 0 { state.isMidLine = count < bytes.count }
            state.isStuck = count < bytes.count
            return !state.isStuck
        }
    }

    /// - Returns: how many bytes were taken.
    private func write(_ bytes: [UInt8], milliseconds: Int32) -> Int {
        var rest = bytes[...]
        while !rest.isEmpty, self.hasRoom(milliseconds) {
            // One write for what fits, so that the lines of several programs do not mix.
            let count = rest.prefix(Self.piece).withUnsafeBytes {
                Glibc.write(self.descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        return bytes.count - rest.count
    }

    private func hasRoom(_ milliseconds: Int32) -> Bool {
        var state = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&state, 1, milliseconds) > 0
    }
}
