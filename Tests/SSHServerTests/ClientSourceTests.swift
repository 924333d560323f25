import SSHSystem
import Testing

@testable import SSHServer

struct ClientSourceTests {
    @Test func addressesOfOneNetworkAreOneSource() {
        #expect(
            FairThreads.Asker(address: "2001:db8::1").source == FairThreads.Asker(address: "2001:db8::2:0:1").source
        )
        #expect(
            FairThreads.Asker(address: "2001:db8:0:1::1").source != FairThreads.Asker(address: "2001:db8::1").source
        )
        #expect(FairThreads.Asker(address: "::ffff:192.0.2.1").source == FairThreads.Asker(address: "192.0.2.1").source)
        #expect(FairThreads.Asker(address: "UNKNOWN").source == nil)
    }
}
