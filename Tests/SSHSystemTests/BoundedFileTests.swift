import Glibc
import SSHTestFixtures
import SSHWire
import Testing

@testable import SSHSystem

struct BoundedFileTests {
    private static func code(_ path: String, limit: Int = 100, mustBeRegular: Bool = true) -> SSHError.Code? {
        #expect(throws: SSHError.self) { try BoundedFile(path: path, limit: limit, mustBeRegular: mustBeRegular) }?.code
    }

    @Test(arguments: [101, 1 << 40, Int.max])
    func fileOfAnySizeIsRefusedBeforeItIsRead(_ size: Int) throws {
        // The memory's file system takes any size.
        let path = "/dev/shm/relay-test-\(getpid())-\(size)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer {
            close(descriptor)
            unlink(path)
        }
        try #require(ftruncate(descriptor, size) == 0)
        #expect(Self.code(path) == .limitExceeded)
    }

    @Test func fileOfTheLargestSizeIsRead() throws {
        let folder = TemporaryFolder()
        let path = folder.write("file", String(repeating: "x", count: 100))
        #expect(try BoundedFile(path: path, limit: 100).bytes.count == 100)
        #expect(Self.code(path, limit: 99) == .limitExceeded)
    }

    @Test func whatIsNoFileIsNotRead() throws {
        #expect(try BoundedFile(path: "/dev/null", limit: 100, mustBeRegular: true).bytes.isEmpty)
        #expect(Self.code("/dev/zero") == .notRegular)
        #expect(Self.code("/") == .notRegular)
        // Endless.
        #expect(Self.code("/dev/zero", mustBeRegular: false) == .limitExceeded)
    }
}
