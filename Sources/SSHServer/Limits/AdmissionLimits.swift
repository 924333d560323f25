import NIOCore
import Synchronization

/// What keeps strangers from taking the relay from those that may use it.
final class AdmissionLimits: Sendable {
    let startups: StartupLimits
    let penalties: SourcePenalties
    let knownSources = KnownSources()
    let turns = HandshakeTurns(cores: System.coreCount)
    /// Refused connections that still read why.
    private let farewells = Atomic<Int>(0)
    private static let maximumFarewells = 256

    init(_ configuration: ServerConfiguration) {
        self.startups = StartupLimits(configuration)
        self.penalties = SourcePenalties(configuration)
    }

    /// Goes by new limits; what is counted stays.
    func update(_ configuration: ServerConfiguration) {
        self.startups.update(configuration)
        self.penalties.update(configuration)
    }

    /// - Returns: whether a refused connection may stay for a moment; if so, `endFarewell` must follow.
    func beginFarewell() -> Bool {
        guard self.farewells.wrappingAdd(1, ordering: .relaxed).newValue > Self.maximumFarewells else { return true }
        self.endFarewell()
        return false
    }

    func endFarewell() {
        self.farewells.wrappingSubtract(1, ordering: .relaxed)
    }
}
