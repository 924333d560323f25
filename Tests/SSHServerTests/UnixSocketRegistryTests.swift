import Glibc
import NIOCore
import SSHForwarding
import SSHTestFixtures
import SSHWire
import Synchronization
import Testing

@testable import SSHServer

/// Who may have a path on which somebody listens, or listened.
struct UnixSocketRegistryTests {
    private typealias Owner = UnixSocketRegistry.Owner

    private let folder = TemporaryFolder()
    private let registry = UnixSocketRegistry()
    private let takeovers = Takeovers()
    private let alice = Owner(user: "alice", key: [1])

    private final class Takeovers: Sendable {
        let files = Mutex<[UnixSocketFile.Identity]>([])
    }

    @discardableResult
    private func bind(
        _ name: String,
        for owner: Owner,
        unlinks: Bool = true,
        rule: ListenTakeover = .sameKey,
        silent: UnixSocketFile.Identity? = nil
    ) throws -> UnixSocketFile {
        try self.registry.bind(
            path: "\(self.folder.path)/\(name)",
            mask: 0o177,
            unlinks: unlinks,
            for: UnixSocketRegistry.Listener(
                owner: owner,
                showLife: { $0.succeed(.gone) },
                onTakeover: { [takeovers = self.takeovers] file in takeovers.files.withLock { $0.append(file) } }
            ),
            rule: rule,
            silent: silent
        )
    }

    private func refusal(_ bind: () throws -> Void) -> String? {
        do {
            try bind()
            return nil
        } catch {
            return (error as? SSHError)?.reason ?? "\(error)"
        }
    }

    private var takenOver: [UnixSocketFile.Identity] { self.takeovers.files.withLock { $0 } }

    @Test func anotherAccountOrKeyNeverGetsAPathThatIsHeld() throws {
        try self.bind("a", for: self.alice)
        for owner in [Owner(user: "bob", key: [1]), Owner(user: "alice", key: [2]), Owner(user: "alice", key: [])] {
            let reason = self.refusal { try self.bind("a", for: owner) }
            #expect(reason == "another account or key listens there [ListenTakeover same-key]")
            #expect(self.refusal { try self.bind("a", for: owner, unlinks: false) } == "Address already in use")
        }
        #expect(self.takenOver == [])
    }

    @Test func theSameKeyTakesOverItsOwnListenerWhereUnlinkingIsOn() throws {
        let first = try self.bind("a", for: self.alice)
        #expect(self.refusal { try self.bind("a", for: self.alice, unlinks: false) } == "Address already in use")
        let second = try self.bind("a", for: self.alice)
        #expect(self.takenOver == [first.identity])
        // The old listener closes late: the new one's file stays.
        self.registry.remove(first)
        #expect(access(second.path, F_OK) == 0)
        #expect(self.refusal { try self.bind("a", for: Owner(user: "bob", key: [2])) } != nil)
    }

    @Test func whoIsToBeAskedFirstKeepsItsPathUntilItWasSilent() throws {
        let first = try self.bind("a", for: self.alice)
        #expect(throws: UnixSocketRegistry.MustAsk.self) {
            try self.bind("a", for: self.alice, rule: .sameKeyIfSilent)
        }
        #expect(self.takenOver == [])
        let second = try self.bind("a", for: self.alice, rule: .sameKeyIfSilent, silent: first.identity)
        #expect(self.takenOver == [first.identity])
        // Whoever came there meanwhile was not the one who was asked.
        #expect(throws: UnixSocketRegistry.MustAsk.self) {
            try self.bind("a", for: self.alice, rule: .sameKeyIfSilent, silent: first.identity)
        }
        #expect(access(second.path, F_OK) == 0)
    }

    @Test func aRuleThatForbidsTakeoverHoldsForPathsToo() throws {
        try self.bind("a", for: self.alice)
        let reason = self.refusal { try self.bind("a", for: self.alice, rule: .no) }
        #expect(reason == "another connection listens there [ListenTakeover no]")
        #expect(self.takenOver == [])
    }

    @Test func anotherKeyOfTheAccountHasAPathWhereTheRuleSaysSo() throws {
        let first = try self.bind("a", for: self.alice)
        try self.bind("a", for: Owner(user: "alice", key: [2]), rule: .sameAccount)
        #expect(self.takenOver == [first.identity])
        #expect(self.refusal { try self.bind("a", for: Owner(user: "bob", key: [2]), rule: .sameAccount) } != nil)
    }

    @Test func aPathIsFreeAgainWhenItsListenerHasGone() throws {
        self.registry.remove(try self.bind("a", for: self.alice))
        #expect(access("\(self.folder.path)/a", F_OK) != 0)
        try self.bind("a", for: Owner(user: "bob", key: [2]), unlinks: false)
    }

    @Test func whatADeadSocketLeftIsRemovedOnlyWhereUnlinkingIsOn() throws {
        let path = "\(self.folder.path)/a"
        let dead = try StrayListener(path)
        dead.close()
        #expect(self.refusal { try self.bind("a", for: self.alice, unlinks: false) } == "Address already in use")
        try self.bind("a", for: self.alice)
    }

    @Test func aSocketOfAnotherProgramIsNeverTaken() throws {
        let other = try StrayListener("\(self.folder.path)/a")
        #expect(self.refusal { try self.bind("a", for: self.alice) } == "another program listens there")
        #expect(access("\(self.folder.path)/a", F_OK) == 0)
        other.close()
    }

    @Test func anotherNameForTheSameFileIsNoWayAround() throws {
        let held = try self.bind("a", for: self.alice)
        link(held.path, "\(self.folder.path)/b")
        let reason = self.refusal { try self.bind("b", for: Owner(user: "bob", key: [2])) }
        #expect(reason == "another account or key listens there [ListenTakeover same-key]")
        symlink(held.path, "\(self.folder.path)/c")
        #expect(self.refusal { try self.bind("c", for: self.alice) } == "a file that is no socket is in the way")
    }
}

/// A listening Unix socket that the relay knows nothing of.
private struct StrayListener {
    private let descriptor: Int32

    init(_ path: String) throws {
        self.descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && listen(self.descriptor, 1) == 0)
    }

    func close() {
        _ = Glibc.close(self.descriptor)
    }
}
