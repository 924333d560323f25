import Synchronization

/// Says to all threads that something has ended, and that its event loop need not be asked to end it: the loop may be gone, too.
package final class EndFlag: Sendable {
    private let flag = Atomic(false)

    package init() {}

    package var isSet: Bool { self.flag.load(ordering: .acquiring) }

    package func set() {
        self.flag.store(true, ordering: .releasing)
    }
}
