/// LogFormat: what a log line looks like.
public enum LogFormat: String, Hashable, Sendable, CaseIterable {
    /// sshd's lines, which fail2ban and people read.
    case text
    /// One JSON object per line, with everything that is known about it.
    case json
}
