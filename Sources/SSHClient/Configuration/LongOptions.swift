/// The options that ssh does not have. No host's name begins with a hyphen, so that none of them takes a word from ssh's grammar.
struct LongOptions {
    private(set) var asksForStatus = false
    private(set) var printsJSON = false
    private(set) var service: ServiceAction?
    /// Which arguments they were, with their values.
    private(set) var places: Set<Int> = []

    /// - Parameters:
    ///   - argument: begins with two hyphens.
    ///   - place: where it stands.
    ///   - next: gives the argument after it.
    /// - Throws: `UsageError`.
    mutating func apply(_ argument: String, at place: Int, next: () -> String?) throws {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        self.places.insert(place)
        switch (parts[0], parts.count) {
        case ("--status", 1): self.asksForStatus = true
        case ("--json", 1): self.printsJSON = true
        case ("--service", _):
            var value = parts.dropFirst().first.map(String.init)
            if value == nil {
                value = next()
                self.places.insert(place + 1)
            }
            guard let action = value.flatMap(ServiceAction.init) else {
                throw UsageError(reason: "--service takes install, remove or status")
            }
            self.service = action
        default: throw UsageError(reason: "unknown option \(argument)")
        }
    }

    /// - Parameter arguments: all of them.
    /// - Returns: what is asked for; nil if it is a connection.
    /// - Throws: `UsageError` if they do not fit together.
    func request(_ line: ClientCommandLine, _ arguments: [String]) throws -> ClientCommandLine.Request? {
        guard !self.printsJSON || self.asksForStatus else { throw UsageError(reason: "--json belongs to --status") }
        switch (self.asksForStatus, self.service) {
        case (false, nil): return nil
        case (true, nil): return .status(host: line.host.isEmpty ? nil : line.host, printsJSON: self.printsJSON)
        case (false, let action?):
            let rest = arguments.enumerated().filter { !self.places.contains($0.offset) }.map(\.element)
            return .service(action, line, arguments: rest)
        case (true, _?): throw UsageError(reason: "--status and --service do not go together")
        }
    }
}
