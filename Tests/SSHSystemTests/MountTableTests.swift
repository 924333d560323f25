import SSHWire
import Testing

@testable import SSHSystem

struct MountTableTests {
    private static let table = MountTable(
        Array(
            """
            22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
            23 22 0:5 / /proc rw - proc proc rw
            31 22 0:44 / /home rw,relatime shared:9 - nfs4 server:/home rw,hard
            32 31 0:45 / /home/local rw - xfs /dev/sdb1 rw
            33 22 0:46 / /mnt/with\\040space rw shared:2 master:1 - fuse.sshfs host:/ rw
            nonsense

            """.utf8
        )
    )

    @Test(arguments: [
        ("/etc/relay/authorized_keys/a", nil), ("/home/alice/.ssh/authorized_keys", "/home"), ("/home", "/home"),
        ("/homes/alice", nil), ("/home/local/bob", nil), ("/home/localhost/x", "/home"),
        ("/mnt/with space/x", "/mnt/with space"), ("/mnt/without", nil),
    ])
    func aFileSystemWhoseServerCanBeGoneIsKnownByThePath(_ path: String, _ mount: String?) {
        #expect(Self.table.remoteMount(of: path) == mount)
    }

    @Test func filesOfOneServerHangTogetherAndOthersByFolder() {
        #expect(Self.table.place(of: "/home/alice/.ssh/keys") == Self.table.place(of: "/home/bob/keys"))
        #expect(Self.table.place(of: "/etc/a/x") == Self.table.place(of: "/etc/a/y"))
        #expect(Self.table.place(of: "/etc/a/x") != Self.table.place(of: "/etc/b/x"))
    }

    @Test func thisMachineHasARoot() {
        #expect(!MountTable.current.place(of: "/etc/passwd").isEmpty)
    }

    // MARK: Who waits for a file server

    private struct Hangs: Error {}

    /// One visit after the other begins, a second later each, and none of them ends before the next.
    private static func visit(_ servers: FileServers, _ path: String, depth: Int) -> Int {
        let now = ContinuousClock.Instant.now + .seconds(depth)
        let more = try? servers.visit(path, mounts: Self.table, now: now) {
            Self.visit(servers, path, depth: depth + 1) + 1
        }
        return more ?? 0
    }

    @Test func whereSomeWaitForLongNobodyElseBeginsTo() throws {
        let servers = FileServers(mostStuck: 3, patience: .milliseconds(500))
        #expect(Self.visit(servers, "/home/alice/keys", depth: 0) == 3)
        // All of them have come back.
        #expect(try servers.visit("/home/bob/keys", mounts: Self.table) { 1 } == 1)
    }

    @Test func aFileServerThatDoesNotAnswerIsNoFaultOfTheFile() {
        let servers = FileServers(mostStuck: 0)
        #expect {
            try servers.visit("/home/alice/keys", mounts: Self.table) {}
        } throws: { error in
            (error as? SSHError)?.code == .unreadableNow && "\(error)".contains("/home does not answer")
        }
        #expect(throws: Never.self) { try servers.visit("/etc/keys", mounts: Self.table) {} }
        #expect(throws: Hangs.self) { try servers.visit("/etc/keys", mounts: Self.table) { throw Hangs() } }
    }
}
