import Glibc

/// An error number of the system, and its sentence.
package struct SystemError: Error, Hashable, CustomStringConvertible {
    package let number: Int32

    /// - Parameter number: by default that of this thread's last call.
    package init(_ number: Int32 = errno) {
        self.number = number
    }

    package var description: String { String(cString: strerror(self.number)) }

    /// There is nothing of that name.
    package var isMissingFile: Bool { self.number == ENOENT || self.number == ENOTDIR }

    /// The machine is short of something, or a file's server is not there: it says nothing of what was asked for.
    package var isPassing: Bool {
        [EMFILE, ENFILE, ENOMEM, ENOBUFS, EIO, ESTALE, ETIMEDOUT, EAGAIN, EINTR, ECONNREFUSED].contains(self.number)
    }
}
