import Dispatch
import Testing

@testable import SSHSystem

struct SteadyThreadTests {
    @Test func allAreDoneInTheirOrder() async {
        let thread = SteadyThread()
        let results = await thread.map(Array(0..<1000), place: { "\($0)" }) { $0 * 2 }
        #expect(results == (0..<1000).map { $0 * 2 })
        #expect(await thread.map([Int](), place: { "\($0)" }) { $0 }.isEmpty)
    }

    @Test func whatHangsHoldsUpNoneOfTheOthers() async {
        let thread = SteadyThread(patience: .milliseconds(20))
        let server = DispatchSemaphore(value: 0)
        let look: @Sendable (String) -> Int = { file in
            if file.hasPrefix("hung/") {
                server.wait()
                server.signal()
            }
            return file.utf8.count
        }
        let place: @Sendable (String) -> String = { SystemPath.parent(of: $0) }
        let files = ["hung/1", "a/1", "hung/22", "b/333"]
        #expect(await thread.map(files, place: place, look) == [nil, 3, nil, 5])
        #expect(await thread.map(files, place: place, look) == [nil, 3, nil, 5])
        server.signal()
        // It takes a moment until the thread that hung is back.
        var results: [Int?] = []
        while results != [6, 3, 7, 5] { results = await thread.map(files, place: place, look) }
    }

    @Test func moreThreadsThanMayBeDoNotHang() async {
        let thread = SteadyThread(mostHanging: 2, patience: .milliseconds(5))
        let server = DispatchSemaphore(value: 0)
        let began = await thread.map(Array(0..<5), place: { "\($0)" }) { _ in
            server.wait()
            server.signal()
            return 0
        }
        #expect(began.allSatisfy { $0 == nil })
        server.signal()
    }
}
