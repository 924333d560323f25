import NIOPosix
import SSHSystem
import SSHWire
import Synchronization

/// Which servers a host's names stand for, now: those with SRV records are looked up each time, and what was found is remembered.
public final class RelayDirectory: Sendable {
    /// More than anybody has; whoever answers for names chooses how many there are.
    private static let mostRelays = 16

    private let names: [RelayName]
    private let known = Mutex<[String: [RelayName]]>([:])

    public init(_ names: [RelayName]) {
        self.names = names
    }

    /// - Returns: servers only, in the order in which they are to be tried; each once.
    /// - Throws: `connectionLost` if there is none, since a name server is away or has no records, and none is remembered.
    public func relays() async throws -> [RelayName] {
        var relays: [RelayName] = []
        var failure: (any Error)?
        for name in self.names {
            do {
                relays += name.isService ? try await self.lookUp(name.host) : [name]
            } catch {
                failure = error
            }
        }
        var seen: Set<RelayName> = []
        relays = relays.filter { seen.insert($0).inserted }
        guard relays.isEmpty else { return Array(relays.prefix(Self.mostRelays)) }
        throw failure ?? SSHError(.invalidConfiguration, "HostName names no host")
    }

    private func lookUp(_ service: String) async throws -> [RelayName] {
        do {
            let records = try await NIOThreadPool.singleton.runIfActive { try ServiceLookup.records(of: service) }
            var random = SystemRandomNumberGenerator()
            // Names from the network may become words of a shell, lines of a log and of known_hosts.
            let found = ServiceRecord.ordered(records, random: &random).filter {
                !$0.target.isEmpty && $0.port > 0 && SOCKSAddress.hostName(Array($0.target.utf8)) != nil
                    && (try? NameRules.check(host: $0.target, user: nil)) != nil
            }.map { RelayName(host: $0.target.lowercased(), port: $0.port) }
            guard !found.isEmpty else {
                throw SSHError(.connectionLost, "Could not resolve service \(service): there is no host")
            }
            self.known.withLock { $0[service] = found }
            return found
        } catch {
            if let known = self.known.withLock({ $0[service] }) { return known }
            guard let failure = error as? NameFailure else { throw error }
            throw SSHError(.connectionLost, "Could not resolve service \(service): \(failure.reason)")
        }
    }
}
