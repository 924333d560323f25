import Testing

@testable import SSHSystem

struct ServiceRecordTests {
    private static func record(_ priority: UInt16, _ weight: UInt16, _ target: String) -> ServiceRecord {
        ServiceRecord(priority: priority, weight: weight, port: 22, target: target)
    }

    @Test func priorityGoesFirstAndWeightDecidesHowOftenWithinOne() {
        let records = [
            Self.record(20, 0, "last"), Self.record(10, 30, "often"), Self.record(10, 10, "seldom"),
            Self.record(10, 0, "hardly"),
        ]
        var random = SystemRandomNumberGenerator()
        var first: [String: Int] = [:]
        for _ in 0..<4000 {
            let order = ServiceRecord.ordered(records, random: &random).map(\.target)
            #expect(Set(order).count == 4 && order.last == "last")
            first[order[0], default: 0] += 1
        }
        // Three quarters and one quarter, less one in 41 for those without weight.
        #expect((2700...3200).contains(first["often", default: 0]))
        #expect((800...1200).contains(first["seldom", default: 0]))
        #expect((1...250).contains(first["hardly", default: 0]))
        #expect(ServiceRecord.ordered([], random: &random).isEmpty)
    }
}
