import SSHWire
import Testing

@testable import SSHServer

struct CommandKeywordTests {
    private static let users = "AuthorizedKeysCommandUser relay\nAuthorizedPrincipalsCommandUser relay\n"

    private static func printed(_ keyword: String, _ configuration: ServerConfiguration) -> [String] {
        configuration.effectiveLines().filter { $0.hasPrefix(keyword.lowercased() + " ") }
    }

    /// As sshd prints them: the text as it stands there.
    @Test(arguments: ["AuthorizedKeysCommand", "AuthorizedPrincipalsCommand"])
    func valuesAreTakenAndPrinted(_ keyword: String) throws {
        for text in ["/x", "/x  %u \"a b\" # c", "/x \"\"", "/%z"] {
            let configuration = try ServerConfiguration.parsing("\(Self.users)\(keyword) \(text)\n\(keyword) /other\n")
            #expect(Self.printed(keyword, configuration) == ["\(keyword.lowercased()) \(text)"])
            #expect(Self.printed("\(keyword)User", configuration) == ["\(keyword.lowercased())user relay"])
            #expect(configuration.warnings.isEmpty)
        }
        for text in ["\(keyword) none", "\(keyword) NONE", ""] {
            let configuration = try ServerConfiguration.parsing(text)
            #expect(Self.printed(keyword, configuration) == ["\(keyword.lowercased()) none"])
            #expect(Self.printed("\(keyword)User", configuration) == ["\(keyword.lowercased())user none"])
        }
    }

    @Test(arguments: ["AuthorizedKeysCommand", "AuthorizedPrincipalsCommand"])
    func wrongValuesAreNamedWithWhatWasExpected(_ keyword: String) throws {
        for (value, wrong) in [
            ("x %u", "x %u"), ("\"/x\"", "\"/x\""), ("/x %z", "%z"), ("/x a%", "a%"), ("none x", "none x"),
        ] {
            let reason = try #require(ServerConfiguration.refusal("\(Self.users)\(keyword) \(value)"))
            #expect(reason.hasPrefix("/etc/relay/config line 3: \(keyword): "))
            #expect(reason.contains("\"\(wrong)\""), "\(reason)")
            #expect(reason.contains(", expected "))
        }
        #expect(ServerConfiguration.refusal("\(keyword)User a b")?.contains("\"b\" is too much") == true)
    }

    @Test func commandNeedsAUser() throws {
        for keyword in ["AuthorizedKeysCommand", "AuthorizedPrincipalsCommand"] {
            let reason = try #require(ServerConfiguration.refusal("\n\(keyword) /x %u"))
            #expect(
                reason.hasPrefix("/etc/relay/config line 2: \(keyword): \"/x %u\" is set without \(keyword)User")
            )
            // As in sshd, blocks are not looked at before somebody logs in.
            _ = try ServerConfiguration.parsing("Match user a\n\(keyword) /x %u")
        }
    }

    @Test func valuesOfMatchBlocksHoldThere() throws {
        let configuration = try ServerConfiguration.parsing(
            "AuthorizedKeysCommandUser nobody\nMatch user alice\nAuthorizedKeysCommand /x\nMatch user a*\nAuthorizedKeysCommand /y\n"
        )
        #expect(configuration.settings(for: .from("alice")).authorizedKeysCommand?.text == "/x")
        #expect(configuration.settings(for: .from("alice")).authorizedKeysCommandUser == "nobody")
        #expect(configuration.settings(for: .from("bob")).authorizedKeysCommand == nil)
    }

    @Test func otherUsersAreOutOfReachForWhoIsNotRoot() throws {
        let text = "AuthorizedKeysCommand /x\nAuthorizedKeysCommandUser nobody\n"
        let nobody = try #require(try CommandUser.lookingUp("nobody"))
        let configuration = try ServerConfiguration.parsing(text)
        try configuration.checkCommandUsers(runningAs: nobody.userID)
        try configuration.checkCommandUsers(runningAs: 0)
        let inBlock = try ServerConfiguration.parsing("Match user a\n" + text)
        for (configuration, line) in [(configuration, 2), (inBlock, 3)] {
            let error = #expect(throws: SSHError.self) {
                try configuration.checkCommandUsers(runningAs: nobody.userID &- 1)
            }
            let start =
                "/etc/relay/config line \(line): AuthorizedKeysCommandUser: \"nobody\" is wrong, expected "
            #expect(error?.reason.hasPrefix(start) == true)
        }
        // Who runs nothing may be anybody.
        try ServerConfiguration.parsing("AuthorizedKeysCommandUser nobody").checkCommandUsers(runningAs: 7)
        let unknown = try ServerConfiguration.parsing(
            "AuthorizedKeysCommand /x\nAuthorizedKeysCommandUser no-such-user"
        )
        #expect(throws: SSHError.self) { try unknown.checkCommandUsers(runningAs: 7) }
    }

    @Test func summaryNamesWhatIsRun() throws {
        let text =
            "AuthorizedKeysCommand /bin/keys %u\nTrustedUserCAKeys /ca\nAuthorizedPrincipalsCommand /bin/names %u\n"
        let summary = try ServerConfiguration.parsing(Self.users + text).summary.joined(separator: "\n")
        #expect(summary.contains(" and /bin/keys and certificates of the authorities in /ca for whom /bin/names names"))
    }
}
