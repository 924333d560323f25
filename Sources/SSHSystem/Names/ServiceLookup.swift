import CResolv
import Glibc

/// Where a service is (RFC 2782).
package struct ServiceRecord: Hashable, Sendable {
    package let priority: UInt16
    package let weight: UInt16
    package let port: UInt16
    /// A host's name, without a dot at its end; empty if there is decidedly no such service.
    package let target: String

    package init(priority: UInt16, weight: UInt16, port: UInt16, target: String) {
        self.priority = priority
        self.weight = weight
        self.port = port
        self.target = target
    }

    /// In the order in which they are to be tried: the least priority first, and of one priority each at random by its weight.
    package static func ordered(
        _ records: [ServiceRecord],
        random: inout some RandomNumberGenerator
    ) -> [ServiceRecord] {
        var result: [ServiceRecord] = []
        for (_, group) in Dictionary(grouping: records, by: \.priority).sorted(by: { $0.key < $1.key }) {
            // Those without weight come first, so that they have a chance at all.
            var left = group.sorted { $0.weight < $1.weight }
            while !left.isEmpty {
                var number = Int.random(in: 0...left.reduce(0) { $0 + Int($1.weight) }, using: &random)
                let index = left.firstIndex { record in
                    number -= Int(record.weight)
                    return number <= 0
                }
                result.append(left.remove(at: index ?? 0))
            }
        }
        return result
    }
}

/// The system's name servers, asked for services.
package enum ServiceLookup {
    /// Of a service that has more, the others are left out.
    private static let mostRecords = 32

    /// Blocks until a name server has answered or the resolver gives up.
    ///
    /// - Parameter name: such as `_ssh._tcp.example.com`.
    /// - Returns: in no order.
    package static func records(of name: String) throws(NameFailure) -> [ServiceRecord] {
        var found = [srv_record](repeating: srv_record(), count: Self.mostRecords)
        var failure: Int32 = 0
        let count = look_up_srv(name, &found, Int32(found.count), &failure)
        guard count > 0 else { throw NameFailure(nameServer: failure) }
        return found.prefix(Int(count)).map { record in
            let bytes = withUnsafeBytes(of: record.target) { Array($0.prefix { $0 != 0 }) }
            let target = String(decoding: bytes, as: UTF8.self)
            return ServiceRecord(
                priority: record.priority,
                weight: record.weight,
                port: record.port,
                target: target.hasSuffix(".") ? String(target.dropLast()) : target
            )
        }
    }
}

extension NameFailure {
    /// - Parameter number: h_errno's, of <netdb.h>.
    init(nameServer number: Int32) {
        switch number {
        case HOST_NOT_FOUND: self.init(status: EAI_NONAME, errorNumber: 0)
        // EAI_NODATA
        case NO_DATA: self.init(status: -5, errorNumber: 0)
        case TRY_AGAIN: self.init(status: EAI_AGAIN, errorNumber: 0)
        default: self.init(status: EAI_FAIL, errorNumber: 0)
        }
    }
}
