import Testing

@testable import SSHConfiguration

struct ConfigurationTimeTests {
    @Test(arguments: [
        ("0", 0), ("90", 90), ("090", 90), ("30s", 30), ("5M", 300), ("1h30m", 5400), ("1h30", 3630), ("2d", 172_800),
        ("1w", 604_800), ("2147483647", 2_147_483_647),
    ])
    func unitsAddUp(_ text: String, _ seconds: Int32) {
        #expect(ConfigurationTime.seconds(text) == seconds)
    }

    @Test(arguments: ["", "s", "1x", "-1", "+1", "1.5", "1 h", "2147483648", "3551w", "9999999999999999999999", "1hh"])
    func anythingElseIsNoTime(_ text: String) {
        #expect(ConfigurationTime.seconds(text) == nil)
    }
}
