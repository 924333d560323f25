import Glibc
import NIOCore
import SSHTestFixtures
import Testing

@testable import SSHServer

struct FileWatchTests {
    @Test func fileThatStaysAsItIsNeverChanges() {
        let folder = TemporaryFolder()
        let path = folder.write("keys", "one")
        let watch = FileWatch()
        let watched = watch.watch(
            [path, "\(folder.path)/missing"].map(ReadFile.init),
            readAt: time(nil) + 10,
            since: .now()
        )
        #expect(watch.changes() == [])
        withExtendedLifetime(watched) {}
    }

    @Test func writtenReplacedAppearedAndRemovedFilesHaveChangedOnce() {
        let folder = TemporaryFolder()
        let paths = ["written", "replaced", "appeared", "removed", "made readable"].map { "\(folder.path)/\($0)" }
        for path in paths where path != paths[2] { folder.write(String(path.split(separator: "/").last ?? ""), "a") }
        let watch = FileWatch()
        let watched = watch.watch(paths.map(ReadFile.init), readAt: time(nil) + 10, since: .now())
        folder.write("written", "bb")
        folder.write("other", "a")
        #expect(rename("\(folder.path)/other", paths[1]) == 0)
        folder.write("appeared", "a")
        #expect(unlink(paths[3]) == 0)
        #expect(chmod(paths[4], 0o640) == 0)
        #expect(watch.changes() == Set(paths))
        #expect(watch.changes() == [])
        withExtendedLifetime(watched) {}
    }

    @Test func fileChangedSinceItWasReadHasChanged() {
        let folder = TemporaryFolder()
        let path = folder.write("keys", "one")
        let watch = FileWatch()
        let watched = watch.watch([ReadFile(path)], readAt: time(nil) - 10, since: .now())
        #expect(watch.changes() == [path])
        withExtendedLifetime(watched) {}
    }

    /// Somebody reads, the file changes, those who watch are told, and only then does the reader watch.
    @Test func changeThatOthersWereToldOfIsToldToWhoReadBeforeIt() {
        let folder = TemporaryFolder()
        let path = folder.write("keys", "one")
        let (watch, later) = (FileWatch(), time(nil) + 10)
        let early = watch.watch([ReadFile(path)], readAt: later, since: .now())
        let (read, since) = (ReadFile(path), NIODeadline.now())
        folder.write("keys", "longer")
        #expect(watch.changes() == [path])
        let late = watch.watch([read], readAt: later, since: since)
        #expect(watch.changes() == [path])
        #expect(watch.changes() == [])
        withExtendedLifetime((early, late)) {}
    }

    /// As the server of a network file system may write it.
    @Test func timeThatHasNotComeYetIsNoNewsForEver() {
        let folder = TemporaryFolder()
        let path = folder.write("keys", "one")
        let (watch, early) = (FileWatch(), time(nil) - 1000)
        var watched = watch.watch([ReadFile(path)], readAt: early, since: .now())
        #expect(watch.changes() == [path])
        for _ in 0..<3 {
            watched = watch.watch([ReadFile(path)], readAt: early, since: .now())
            #expect(watch.changes() == [])
        }
        withExtendedLifetime(watched) {}
    }

    @Test func fileThatWentBeforeItWasWatchedHasChanged() {
        let folder = TemporaryFolder()
        let read = ReadFile(folder.write("keys", "one"))
        unlink(read.path)
        let watch = FileWatch()
        let watched = watch.watch([read], readAt: time(nil) + 10, since: .now())
        #expect(watch.changes() == [read.path])
        withExtendedLifetime(watched) {}
    }

    @Test func fileIsWatchedAsLongAsSomebodyWantsIt() {
        let folder = TemporaryFolder()
        let path = folder.write("keys", "one")
        let watch = FileWatch()
        let later = time(nil) + 10
        var first: WatchedFiles? = watch.watch([ReadFile(path)], readAt: later, since: .now())
        var second: WatchedFiles? = watch.watch([ReadFile(path)], readAt: later, since: .now())
        withExtendedLifetime(first) {}
        first = nil
        folder.write("keys", "longer")
        #expect(watch.changes() == [path])
        withExtendedLifetime(second) {}
        second = nil
        folder.write("keys", "longer still")
        #expect(watch.changes() == [])
    }
}
