import Glibc
import SSHSystem

/// Where the log goes.
public enum LogDestination: Hashable, Sendable {
    /// The bare lines, as `sshd -e` writes them.
    case standardError
    /// The system's log, on /dev/log.
    case syslog
    /// systemd's journal, with every field of a line; through standard error if its socket is out of reach.
    case journal
    /// A file that lines are added to, each with the time in front; it is made if it is missing.
    case file(String)

    /// Where a service's log goes unless somebody says otherwise: the journal if systemd started the relay, or else the
    /// system's log, or standard error on a machine that has none.
    ///
    /// - Parameter environment: looks a variable up.
    public static func ofService(environment: (String) -> String?) -> LogDestination {
        if self.isJournal(STDERR_FILENO, environment("JOURNAL_STREAM")) { return .journal }
        // Standard error is a socket when it is the client's: inetd gives it away three times.
        guard UnixDatagram(to: SyslogOutput.path) == nil, socketOption(SO_TYPE, of: STDERR_FILENO) == nil else {
            return .syslog
        }
        return .standardError
    }

    /// systemd names the device and the inode of the journal's stream: a descriptor that was redirected is another file.
    static func isJournal(_ descriptor: Int32, _ stream: String?) -> Bool {
        guard let numbers = stream?.split(separator: ":", omittingEmptySubsequences: false), numbers.count == 2 else {
            return false
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        return UInt64(numbers[0]) == UInt64(status.st_dev) && UInt64(numbers[1]) == UInt64(status.st_ino)
    }
}
