import SSHClient
import SSHWire

/// The destinations that a host's names stand for, in the order in which they are tried.
struct ConfiguredRelays: Sendable {
    let targets: [ConfiguredDestination]

    init(
        _ configuration: ClientConfiguration,
        _ line: ClientCommandLine,
        _ environment: LocalEnvironment,
        _ log: ClientLog,
        _ directory: RelayDirectory
    ) async throws {
        self.targets = try await directory.relays().map { relay in
            try ConfiguredDestination(try configuration.at(relay), line, environment, log)
        }
    }

    var destinations: [SSHDestination] { self.targets.map(\.destination) }

    /// Why a connection to one of them ended or did not come to be, for the user.
    func failure(_ failure: ConnectionFailure) -> any Error {
        let target = self.targets.first { $0.knows(failure) } ?? self.targets.first
        return target?.failure(failure) ?? failure.error
    }
}
