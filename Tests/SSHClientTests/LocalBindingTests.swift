import SSHWire
import Testing

@testable import SSHClient

/// Where -L and -D listen.
struct LocalBindingTests {
    @Test func bothFamiliesUnlessOneIsChosen() {
        #expect(LocalBinding.loopback.addresses(.any) == ["127.0.0.1", "::1"])
        #expect(LocalBinding.everyAddress.addresses(.any) == ["0.0.0.0", "::"])
        #expect(LocalBinding.loopback.addresses(.inet) == ["127.0.0.1"])
        #expect(LocalBinding.everyAddress.addresses(.inet6) == ["::"])
    }

    @Test func anAddressIsTakenAsItIsWritten() {
        #expect(LocalBinding.address("192.0.2.7").addresses(.inet6) == ["192.0.2.7"])
    }

    @Test func aUnixSocketBehindTheServerHasItsOwnKindOfChannel() {
        #expect(ChannelOpen.Kind.toServer(.path("/run/a"), from: nil) == .directStreamLocal(path: "/run/a"))
    }
}
