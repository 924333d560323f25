import Glibc
import Testing

@testable import SSHForwarding

struct MemoryOfMachineTests {
    /// A tree of control groups with these files.
    private func limit(_ groups: String, _ files: [String: String]) throws -> Int? {
        var template = Array("/tmp/cgroup-XXXXXX".utf8CString)
        let root = String(cString: try #require(mkdtemp(&template)))
        defer { try? self.remove(root, files) }
        for (path, text) in files {
            let parts = path.split(separator: "/")
            for count in 1..<max(parts.count, 1) {
                mkdir(([root] + parts.prefix(count).map(String.init)).joined(separator: "/"), 0o700)
            }
            let file = try #require(fopen("\(root)/\(path)", "w"))
            fputs(text, file)
            fclose(file)
        }
        return MemoryOfMachine.ofControlGroups(root: root, groups: groups)
    }

    private func remove(_ root: String, _ files: [String: String]) throws {
        for path in files.keys {
            var parts = path.split(separator: "/")
            unlink("\(root)/\(path)")
            while parts.popLast() != nil { rmdir(([root] + parts.map(String.init)).joined(separator: "/")) }
        }
        rmdir(root)
    }

    @Test func theLeastLimitOnTheWayToTheRootCounts() throws {
        let files = ["a/b/memory.max": "max\n", "a/memory.max": "1000000\n", "a/b/c/memory.max": "2000000\n"]
        #expect(try self.limit("0::/a/b/c\n", files) == 1_000_000)
        #expect(try self.limit("0::/a/b\n", files) == 1_000_000)
        #expect(try self.limit("0::/x\n", files) == nil)
    }

    @Test func versionOneOfControlGroupsCounts() throws {
        let files = [
            "memory/a/memory.limit_in_bytes": "500000\n",
            "memory/memory.limit_in_bytes": "9223372036854771712\n",
        ]
        #expect(try self.limit("4:cpu,memory:/a\n3:cpuset:/\n0::/\n", files) == 500_000)
        #expect(try self.limit("4:memory:/\n", files) == nil)
    }

    @Test func nonsenseIsNoLimit() throws {
        for groups in ["", "x", "0::", "0:::", "\n\n", "0::/../../..", "::::::"] {
            #expect(try self.limit(groups, ["memory.max": "x"]) == nil)
        }
    }

    @Test func thisMachineHasMemory() {
        #expect(MemoryOfMachine.budget >= MemoryOfMachine.least)
    }
}
