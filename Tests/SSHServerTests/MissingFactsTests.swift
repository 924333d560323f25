import SSHConfiguration
import SSHSystem
import Testing

@testable import SSHServer

/// A fact that is missing never opens what a rule closes.
struct MissingFactsTests {
    // MARK: Accounts that are no Unix accounts

    @Test(arguments: [
        // Everybody but the members of a group, in the words of sshd_config(5).
        ("*,!operators", true), ("!operators,*", true), ("*,!op*,!wheel", true), ("*", true), ("?*", true),
        ("*,!?", true),
        // It is in no group that a name or a pattern names.
        ("operators", false), ("op*", false), ("*s", false), ("!operators", false), ("operators,!wheel", false),
        ("*,!*", false), ("device", false), ("", false),
    ])
    func whoHasNoGroupsIsOneOfThoseThatAStarMeans(_ list: String, _ expected: Bool) {
        #expect((PatternList(list).matchUnnamed() == .matched) == expected)
    }

    @Test(arguments: [
        "Match Group *,!operators\nAllowTcpForwarding no", "Match Group *\nAllowTcpForwarding no",
        "Match User dev* Group *,!operators\nAllowTcpForwarding no",
    ])
    func aRestrictionOnAllButOneGroupHoldsForAnAccountWithoutGroups(_ text: String) throws {
        let settings = try ServerConfiguration.parsing(text).settings(for: .from("device"))
        #expect(settings.allowTCPForwarding == [])
    }

    @Test(arguments: ["Match Group operators\nAllowTcpForwarding yes", "Match Group op*,!x\nAllowTcpForwarding yes"])
    func whatAGroupMayIsNotForAnAccountWithoutGroups(_ text: String) throws {
        let text = "AllowTcpForwarding no\n\(text)"
        #expect(try ServerConfiguration.parsing(text).settings(for: .from("device")).allowTCPForwarding == [])
    }

    @Test(arguments: [
        ("DenyGroups *", false), ("DenyGroups ?*", false), ("DenyGroups x *", false), ("DenyGroups x", true),
        ("AllowGroups x", false), ("AllowGroups x*", false), ("AllowGroups *", true),
        ("AllowGroups *\nDenyGroups *", false),
    ])
    func groupsAreDeniedToWhoHasNone(_ text: String, _ expected: Bool) throws {
        let facts = ConnectionFacts.from("device")
        #expect(try ServerConfiguration.parsing(text).settings(for: facts).mayLogIn(facts).isPermitted == expected)
    }

    @Test func theCheckOfTheConfigurationSaysWhatGroupsMeanForThem() throws {
        let says = { (text: String) in
            try ServerConfiguration.parsing(text).summary.contains { $0.contains("no Unix account") }
        }
        #expect(try says("DenyGroups x"))
        #expect(try says("Match User a\nAllowGroups x"))
        #expect(try says("Match Group *,!x\nMaxSessions 1"))
        #expect(try !says("DenyUsers x"))
    }

    // MARK: Groups that are not known

    private static func unixAccount(groups: [String], isKnown: Bool = true) -> ConnectionFacts {
        var facts = ConnectionFacts.from("alice", groups: groups)
        facts.isUnixAccount = true
        if !isKnown { facts.missing.insert(.groups) }
        return facts
    }

    /// As in sshd: `not allowed because not in any group`.
    @Test(arguments: ["DenyGroups x", "AllowGroups *"])
    func aUnixAccountNoneOfWhoseGroupsHasANameIsKeptOut(_ text: String) throws {
        let settings = try ServerConfiguration.parsing(text).defaults
        #expect(!settings.mayLogIn(Self.unixAccount(groups: [])).isPermitted)
        #expect(settings.mayLogIn(Self.unixAccount(groups: ["staff"])).isPermitted)
    }

    @Test(arguments: ["DenyGroups x", "AllowGroups staff", "AllowGroups *"])
    func whileTheNameServiceIsAwayNobodyPassesARuleAboutGroups(_ text: String) throws {
        let settings = try ServerConfiguration.parsing(text).defaults
        let decision = settings.mayLogIn(Self.unixAccount(groups: ["staff"], isKnown: false))
        #expect(!decision.isPermitted)
        #expect("\(decision.rule)".contains("cannot be found out now"))
    }

    @Test(arguments: [
        ("Match Group x\nMaxSessions 1", true), ("Match User alice Group *,!x\nMaxSessions 1", true),
        ("Match User bob Group x\nMaxSessions 1", false), ("Match User alice\nMaxSessions 1", false),
    ])
    func aBlockThatHangsOnGroupsIsNotGuessed(_ text: String, _ expected: Bool) throws {
        let configuration = try ServerConfiguration.parsing(text)
        let facts = Self.unixAccount(groups: [], isKnown: false)
        #expect((configuration.missingFact(facts) == .groups) == expected)
    }

    @Test(arguments: [Int32(0), 2, 3, 9, 1])
    func anAccountThatDoesNotExistIsNoFailureOfTheNameService(number: Int32) {
        // 0, ENOENT, ESRCH, EBADF, EPERM: getpwnam(3).
        #expect(!UserDatabase.isAway(number))
    }

    @Test(arguments: [Int32(5), 24, 12, 34, 110, 111, 11])
    func aNameServiceThatFailsIsNotTakenForAnAnswer(number: Int32) {
        // EIO, EMFILE, ENOMEM, ERANGE, ETIMEDOUT, ECONNREFUSED, EAGAIN.
        #expect(UserDatabase.isAway(number))
    }

    // MARK: Clients without an address

    @Test(arguments: [
        ("*", true), ("*,!10.0.0.0/8", true), ("!10.0.0.0/8,*", true), ("0.0.0.0/0", false), ("::/0", false),
        ("10.*", false), ("!10.0.0.0/8", false), ("*,!*", false), ("UNKNOWN", false),
    ])
    func whoHasNoAddressIsOneOfThoseThatAStarMeans(_ list: String, _ expected: Bool) throws {
        var facts = ConnectionFacts.from("alice", address: "UNKNOWN")
        facts.localAddress = "UNKNOWN"
        #expect(try MatchCriteria(["Address", list]).match(facts) == expected)
        #expect(try MatchCriteria(["LocalAddress", list]).match(facts) == expected)
    }

    @Test(arguments: [("DenyUsers *@*", false), ("AllowUsers *@10.0.0.0/8", false), ("AllowUsers *@*,!*", false)])
    func rulesOnAddressesKeepOutWhoHasNone(_ text: String, _ expected: Bool) throws {
        let facts = ConnectionFacts.from("alice", address: "UNKNOWN")
        #expect(try ServerConfiguration.parsing(text).defaults.mayLogIn(facts).isPermitted == expected)
    }

    // MARK: Clients whose name is not known

    private static func nameless(_ user: String = "alice") -> ConnectionFacts {
        var facts = ConnectionFacts.from(user)
        facts.missing.insert(.host)
        return facts
    }

    @Test(arguments: [
        ("DenyUsers *@*.evil.example", false), ("DenyUsers alice@evil.example", false),
        ("DenyUsers bob@*.evil.example", true),
        ("DenyUsers *@10.0.0.0/8", true), ("DenyUsers *@10.*", true), ("DenyUsers *@192.0.2.*", false),
        ("DenyUsers *@*.evil.example,!192.0.2.7", true),
        ("AllowUsers *@*.good.example", false), ("AllowUsers *@192.0.2.0/24", true),
        ("AllowUsers *@*,!*.evil.example", false), ("AllowUsers *@*,!10.0.0.0/8", true),
    ])
    func whileTheNameServerIsAwayARuleOnNamesClosesAndOpensNothing(_ text: String, _ expected: Bool) throws {
        #expect(try ServerConfiguration.parsing(text).defaults.mayLogIn(Self.nameless()).isPermitted == expected)
    }

    @Test(arguments: [
        ("*,!*.evil.example", false), ("*.good.example", false), ("192.0.2.0/24", true),
        ("192.0.2.7,!10.0.0.0/8", true),
        ("192.0.2.7,!evil.example", false),
    ])
    func whileTheNameServerIsAwayFromIsNotSatisfiedByANegatedName(_ list: String, _ expected: Bool) throws {
        #expect(try HostPatternList(list).permits(Self.nameless().origin) == expected)
    }

    @Test func aBlockThatHangsOnTheClientsNameIsNotGuessed() throws {
        let configuration = try ServerConfiguration.parsing("Match User alice Host *,!*.example\nMaxSessions 1")
        #expect(configuration.missingFact(Self.nameless()) == .host)
        #expect(configuration.missingFact(Self.nameless("bob")) == nil)
        #expect(configuration.missingFact(.from("alice")) == nil)
    }

    @Test(arguments: [
        (ClientNameLookup.Answer.unnamed, true), (.confirmed("a.example"), true), (.doubtful("forged"), true),
        (.doubtful("away", isPassing: true), false),
    ])
    func onlyAnAnswerIsAnAnswer(_ answer: ClientNameLookup.Answer, _ isKnown: Bool) {
        var facts = Self.nameless()
        facts.learn(answer)
        #expect(facts.isKnown(.host) == isKnown)
    }

    // MARK: Before somebody has said who he is

    @Test(arguments: ["Match Group *,!x", "Match Group *", "Match User *", "Match User *,!x Group *"])
    func nothingIsDecidedForSomebodyWhoHasNotSaidHisName(_ line: String) throws {
        var facts = ConnectionFacts.from("")
        facts.missing.insert(.user)
        #expect(try !ServerConfiguration.parsing("\(line)\nRefuseConnection yes").settings(for: facts).refuseConnection)
    }
}
