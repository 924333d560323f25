import Glibc
import Testing

@testable import SSHSystem

struct NameFailureTests {
    @Test(arguments: [
        (EAI_NONAME, true), (-5, true), (-9, true), (EAI_AGAIN, false), (EAI_FAIL, false), (EAI_SYSTEM, false),
    ])
    func aNameServerThatIsAwayIsNoUnknownName(_ status: Int32, _ isUnknown: Bool) {
        #expect(NameFailure(status: status, errorNumber: EIO).isUnknownName == isUnknown)
    }

    @Test func theReasonIsTheSystems() {
        #expect(NameFailure(status: EAI_AGAIN, errorNumber: 0).reason == "Temporary failure in name resolution")
        #expect(NameFailure(status: EAI_SYSTEM, errorNumber: EMFILE).reason == "Too many open files")
    }
}
