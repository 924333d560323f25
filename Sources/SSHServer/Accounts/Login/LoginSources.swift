import NIOCore
import SSHSystem

/// What logins are judged by, apart from the rules, and what is kept of it between them.
final class LoginSources: Sendable {
    /// What logins rest on that are accepted.
    let watch = FileWatch()
    /// For what logins wait for.
    let threads: FairThreads
    private let lists = KeyLists()
    private let accounts = KnownAccounts()

    init() {
        let count = max(8, 2 * System.coreCount)
        self.threads = FairThreads(
            FairThreads.Limits(
                running: count,
                threads: 8 * count,
                ofSource: count * 3 / 4,
                ofAccount: count / 4,
                stuckOfSource: 4 * count
            )
        )
    }

    /// The files to judge logins by, as they are now.
    ///
    /// - Parameters:
    ///   - mayRead: no on an event loop.
    ///   - report: is told what is wrong with a file, once.
    func files(mayRead: Bool = true, report: @escaping @Sendable (String) -> Void) -> AccountFiles {
        AccountFiles(lists: self.lists, accounts: self.accounts, mayRead: mayRead, report: report)
    }

    /// - Parameter problem: nil when there is none any more.
    func isNews(_ problem: String?, about what: String) -> Bool {
        self.lists.isNews(problem, about: what)
    }

    /// The system is asked anew about every account.
    func forgetAccounts() {
        self.accounts.forget()
    }
}
