import Testing

@testable import SSHServer

struct ListenTakeoverTests {
    private static let (key, otherKey): ([UInt8], [UInt8]) = ([1, 2, 3], [1, 2, 4])

    @Test(arguments: [
        (ListenTakeover.no, false, false), (.sameKey, true, false), (.sameKeyIfSilent, true, false),
        (.sameAccount, true, true), (.sameAccountIfSilent, true, true),
    ])
    func itSaysWhoseListenerALoginMayHave(_ rule: ListenTakeover, _ sameKey: Bool, _ otherKey: Bool) {
        #expect(rule.permits(account: "a", key: Self.key, toHaveWhat: ("a", Self.key)) == sameKey)
        #expect(rule.permits(account: "a", key: Self.key, toHaveWhat: ("a", Self.otherKey)) == otherKey)
    }

    /// The same key may log in to several accounts, and two spellings of a letter are two accounts.
    @Test(arguments: ListenTakeover.allCases, [("a", "b"), ("a", "A"), ("\u{e9}", "e\u{301}"), ("a", "")])
    func anotherAccountsListenerStaysWhereItIs(_ rule: ListenTakeover, _ accounts: (String, String)) {
        #expect(!rule.permits(account: accounts.0, key: Self.key, toHaveWhat: (accounts.1, Self.key)))
        #expect(!rule.permits(account: accounts.1, key: Self.key, toHaveWhat: (accounts.0, Self.key)))
    }

    /// A wildcard takes every address of its family, whoever has it first.
    @Test(arguments: [
        ("127.0.0.1", ["127.0.0.1"], true), ("127.0.0.1", ["::1"], false), ("127.0.0.1", ["0.0.0.0"], true),
        ("0.0.0.0", ["127.0.0.1"], true), ("0.0.0.0", ["192.0.2.1"], true), ("0.0.0.0", ["0.0.0.0"], true),
        ("0.0.0.0", ["::"], false), ("::", ["::1"], true), ("::1", ["::"], true), ("::", ["127.0.0.1"], false),
        ("127.0.0.1", ["192.0.2.1"], false), ("127.0.0.1", ["::", "0.0.0.0"], true), ("127.0.0.1", [], false),
    ])
    func addressesThatCannotBothBeBoundConflict(_ address: String, _ others: [String], _ conflict: Bool) {
        #expect(ListenerRegistry.conflicts(address, with: others) == conflict)
    }
}
