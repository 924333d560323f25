import SSHClient
import SSHCrypto
import SSHWire
import Testing

@Suite struct HostKeyDecisionTests {
    private static let known = KnownHosts(
        entries: KnownHosts.parse(
            Array("a \(testKey(1).openSSHText)\n@revoked a \(testKey(2).openSSHText)\n".utf8),
            file: "/kh"
        )
    )

    private static func decide(
        _ checking: StrictHostKeyChecking,
        name: String,
        key: PublicKey,
        batchMode: Bool = false,
        exitOnForwardFailure: Bool = false
    ) -> HostKeyDecision {
        let policy = HostKeyPolicy(
            checking: checking,
            batchMode: batchMode,
            exitOnForwardFailure: exitOnForwardFailure,
            name: name,
            address: "192.0.2.7"
        )
        return policy.decide(Self.known.lookup(name, key: key), key: key)
    }

    private static let everyChecking: [StrictHostKeyChecking] = [.yes, .no, .ask, .acceptNew]

    @Test(arguments: everyChecking)
    func theKnownKeyIsAccepted(checking: StrictHostKeyChecking) {
        guard case .accept = Self.decide(checking, name: "a", key: testKey(1)) else {
            Issue.record("the key is known")
            return
        }
    }

    @Test(arguments: everyChecking)
    func aRevokedKeyIsAlwaysRefused(checking: StrictHostKeyChecking) {
        guard case .refuse(let error) = Self.decide(checking, name: "a", key: testKey(2)) else {
            Issue.record("the key is revoked")
            return
        }
        #expect(error.code == .hostKeyRejected)
        #expect(error.reason.contains("/kh:2"))
    }

    @Test(arguments: [.yes, .ask, .acceptNew] as [StrictHostKeyChecking])
    func aChangedKeyIsRefusedWithThePlaceAndTheRemedy(checking: StrictHostKeyChecking) {
        guard case .refuse(let error) = Self.decide(checking, name: "a", key: testKey(3)) else {
            Issue.record("the key has changed")
            return
        }
        #expect(error.code == .hostKeyRejected)
        #expect(error.reason.contains("ED25519 key in /kh:1"))
        #expect(error.reason.contains(testKey(3).fingerprint))
        #expect(error.reason.contains("ssh-keygen -f \"/kh\" -R \"a\""))
    }

    @Test func aChangedKeyWithoutCheckingDisablesForwarding() {
        guard case .acceptWithoutForwarding(let warnings) = Self.decide(.no, name: "a", key: testKey(3)) else {
            Issue.record("StrictHostKeyChecking=no goes on")
            return
        }
        #expect(warnings.last == "Port forwarding is disabled to avoid man-in-the-middle attacks.")
        guard case .refuse = Self.decide(.no, name: "a", key: testKey(3), exitOnForwardFailure: true) else {
            Issue.record("forwards that must work cannot")
            return
        }
    }

    @Test func anUnknownKeyIsRefusedAddedOrAskedAbout() {
        guard case .refuse(let error) = Self.decide(.yes, name: "b", key: testKey(3)) else {
            Issue.record("strict checking refuses")
            return
        }
        #expect(error.reason.hasPrefix("No ED25519 host key is known for b and you have requested strict checking"))
        for checking in [.acceptNew, .no] as [StrictHostKeyChecking] {
            guard case .acceptAndAdd(let warning) = Self.decide(checking, name: "b", key: testKey(3)) else {
                Issue.record("a new host is added")
                return
            }
            #expect(warning == "Warning: Permanently added 'b' (ED25519) to the list of known hosts.")
        }
        guard case .refuse = Self.decide(.ask, name: "b", key: testKey(3), batchMode: true) else {
            Issue.record("nobody can be asked")
            return
        }
    }

    @Test func theQuestionIsSSHsAndTakesTheFingerprintForAnAnswer() {
        let key = testKey(3)
        guard case .ask(let question) = Self.decide(.ask, name: "b", key: key) else {
            Issue.record("an unknown key is asked about")
            return
        }
        #expect(
            question.prompt == """
                The authenticity of host 'b (192.0.2.7)' can't be established.
                ED25519 key fingerprint is \(key.fingerprint).
                This key is not known by any other names.
                Are you sure you want to continue connecting (yes/no/[fingerprint])? 
                """
        )
        for answer in ["yes", "YES\n", " \(key.fingerprint) "] { #expect(question.understand(answer) == .yes) }
        for answer in ["no", "No"] { #expect(question.understand(answer) == .no) }
        for answer in ["", "y", "SHA256:other", "yes no", testKey(1).fingerprint] {
            #expect(question.understand(answer) == .unclear)
        }
        #expect(question.refusal.code == .hostKeyRejected)
    }

    @Test func otherNamesOfTheKeyAreShown() {
        guard case .ask(let question) = Self.decide(.ask, name: "b", key: testKey(1)) else {
            Issue.record("an unknown host is asked about")
            return
        }
        #expect(question.prompt.contains("known by the following other names/addresses:\n    /kh:1: a\n"))
    }
}
