import Glibc
import SSHSystem
import SSHTestFixtures
import Synchronization
import Testing

@testable import SSHServer

struct ParsedFilesTests {
    private struct NotWanted: Error {}

    /// Parses to the text, and counts how often.
    private final class Counter: Sendable {
        private let parsed = Atomic<Int>(0)
        var count: Int { self.parsed.load(ordering: .relaxed) }

        func files(count: Int = 32, size: Int = .max) -> ParsedFiles<String> {
            ParsedFiles(count: count, size: size) { file, _ in
                self.parsed.wrappingAdd(1, ordering: .relaxed)
                guard file.bytes.first != UInt8(ascii: "!") else { throw NotWanted() }
                return String(decoding: file.bytes, as: UTF8.self)
            }
        }
    }

    /// Long after the file was written.
    private static var later: UInt64 { UInt64(clamping: time(nil)) + 100 }

    @Test func fileIsParsedOnceForAsLongAsItStaysAsItIs() throws {
        let (folder, counter) = (TemporaryFolder(), Counter())
        let files = counter.files()
        let path = folder.write("a", "one")
        for _ in 0..<5 { #expect(try files.read(path, at: Self.later) == "one") }
        #expect(counter.count == 1)
        folder.write("a", "three")
        for _ in 0..<5 { #expect(try files.read(path, at: Self.later) == "three") }
        #expect(counter.count == 2)
    }

    @Test func fileThatIsReplacedByAnotherOfTheSameSizeIsSeen() throws {
        let (folder, counter) = (TemporaryFolder(), Counter())
        let files = counter.files()
        let path = folder.write("a", "one")
        #expect(try files.read(path, at: Self.later) == "one")
        rename(folder.write("b", "two"), path)
        #expect(try files.read(path, at: Self.later) == "two")
    }

    /// Within the second in which it was written, a file may be written again without looking different.
    @Test func newFileIsReadAgainAndParsedOnlyIfItIsAnother() throws {
        let (folder, counter) = (TemporaryFolder(), Counter())
        let files = counter.files()
        let path = folder.write("a", "one")
        for _ in 0..<5 { #expect(try files.read(path, at: 0) == "one") }
        #expect(counter.count == 1)
        for content in ["two", "six", "ten"] {
            folder.write("a", content)
            #expect(try files.read(path, at: 0) == content)
        }
        #expect(counter.count == 4)
    }

    @Test func whatCannotBeParsedIsNotTriedAgain() throws {
        let (folder, counter) = (TemporaryFolder(), Counter())
        let files = counter.files()
        let path = folder.write("a", "!")
        for _ in 0..<5 { #expect(throws: NotWanted.self) { try files.read(path, at: Self.later) } }
        #expect(counter.count == 1)
        folder.write("a", "fine")
        #expect(try files.read(path, at: Self.later) == "fine")
    }

    @Test func fileThatIsGoneIsNotRemembered() throws {
        let (folder, counter) = (TemporaryFolder(), Counter())
        let files = counter.files()
        let path = folder.write("a", "one")
        #expect(try files.read(path, at: Self.later) == "one")
        unlink(path)
        #expect(throws: BoundedFile.NotFound.self) { try files.read(path, at: Self.later) }
        folder.write("a", "new")
        #expect(try files.read(path, at: Self.later) == "new")
    }

    @Test func fileNotAskedForLongestGoesFirst() throws {
        let (folder, counter) = (TemporaryFolder(), Counter())
        let files = counter.files(count: 2)
        let paths = ["a", "b", "c"].map { folder.write($0, $0) }
        for path in [paths[0], paths[1], paths[0], paths[2]] { _ = try files.read(path, at: Self.later) }
        #expect(counter.count == 3)
        _ = try files.read(paths[0], at: Self.later)
        #expect(counter.count == 3)
        _ = try files.read(paths[1], at: Self.later)
        #expect(counter.count == 4)
    }

    @Test func filesThatAreTooLargeTogetherDoNotAllStay() throws {
        let (folder, counter) = (TemporaryFolder(), Counter())
        let files = counter.files(size: 10)
        let paths = ["a", "b", "c"].map { folder.write($0, $0 + "1234") }
        for path in paths { _ = try files.read(path, at: Self.later) }
        #expect(counter.count == 3)
        _ = try files.read(paths[2], at: Self.later)
        #expect(counter.count == 3)
        _ = try files.read(paths[0], at: Self.later)
        #expect(counter.count == 4)
    }

    @Test func fileLargerThanAllMayBeIsKeptAlone() throws {
        let (folder, counter) = (TemporaryFolder(), Counter())
        let files = counter.files(size: 3)
        let path = folder.write("a", "much")
        for _ in 0..<3 { #expect(try files.read(path, at: Self.later) == "much") }
        #expect(counter.count == 1)
    }

    @Test func moreFilesThanAreKeptAreReadRight() throws {
        let (folder, counter) = (TemporaryFolder(), Counter())
        let files = counter.files(count: 16)
        let paths = (0..<40).map { folder.write("\($0)", "text \($0)") }
        for _ in 0..<3 {
            for (number, path) in paths.enumerated() {
                #expect(try files.read(path, at: Self.later) == "text \(number)")
            }
        }
        #expect(counter.count > 40)
    }
}
