import SSHWire
import Testing

@testable import SSHServer

struct ReturnPaceTests {
    @Test(
        arguments: [(0, 1), (1, 1), (250, 1), (251, 2), (1000, 4), (5000, 20), (100_000, 30), (Int.max, 30)]
            as [(Int, UInt32)]
    )
    func theMoreClientsTheLongerTheirReturnTakes(_ clients: Int, _ seconds: UInt32) {
        #expect(ReturnPace.hint(clients: clients).seconds == seconds)
    }
}
