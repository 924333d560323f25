import Glibc
import SSHConfiguration
import Testing

@testable import SSHServer

struct ExpiryTimeTests {
    @Test(arguments: [
        ("20300101Z", 1_893_456_000), ("20300101UTC", 1_893_456_000), ("203001010001z", 1_893_456_060),
        ("20300101000102Z", 1_893_456_062), ("19700102Z", 86_400), ("20240229Z", 1_709_164_800),
        ("20240231Z", 1_709_337_600),
    ])
    func timesInUTCAreSecondsSince1970(_ text: String, _ expected: UInt64) throws {
        #expect(try ExpiryTime.parse(text) == expected)
    }

    @Test func timesWithoutAZoneAreLocal() throws {
        var noon = tm()
        (noon.tm_year, noon.tm_mon, noon.tm_mday, noon.tm_hour) = (130, 0, 1, 12)
        #expect(try ExpiryTime.parse("203001011200") == UInt64(mktime(&noon)))
    }

    @Test(arguments: [
        "", "Z", "UTC", "2030", "2030010", "203001011", "2030010100011", "20301301Z", "20300100Z", "20300132Z",
        "203001012400Z",
        "203001010060Z", "20300101000062Z", "2030-01-01", "+2030101", " 20300101", "20300101ZZ", "19700101Z",
        "19690101Z",
    ])
    func anythingElseIsRefused(_ text: String) {
        #expect(throws: InvalidValue.self) { try ExpiryTime.parse(text) }
    }
}
