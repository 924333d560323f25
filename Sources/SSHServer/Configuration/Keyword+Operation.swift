extension Keyword {
    /// Keywords of ours for those who run the relay.
    static let operation: [Keyword] = [
        .server("LogFormat", \.$logFormat, format: \.rawValue) { try $0.word() }
    ]
}
