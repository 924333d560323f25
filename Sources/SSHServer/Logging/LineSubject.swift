import SSHForwarding

/// By whose doing lines come, and about what: these share a budget.
///
/// Names are as the log shows them.
enum LineSubject: Hashable, Sendable {
    /// Tunnels of an account, on all its connections, that have ended. What is left out is added up.
    case tunnels(account: String)
    /// What an account's requests come to.
    case requests(account: String)
    /// Logins of an account from one source, and how their connections end.
    case logins(account: String, source: String)
    /// Connections from one source on which nobody has logged in.
    case connections(source: String)
    /// More sources than are told apart.
    case others

    var budget: (atOnce: Int, perSecond: Int) {
        switch self {
        case .tunnels: (60, 20)
        case .requests: (LineBudget.atOnce, 5)
        // A fleet behind one address may come back at once.
        case .logins: (3000, 20)
        case .connections: (500, 10)
        case .others: (1000, 20)
        }
    }

    /// What the log says about lines that were left out.
    func text(_ count: Int) -> String {
        switch self {
        case .tunnels(let account): "user \(account): \(count) further tunnels have ended"
        case .requests(let account): "user \(account): \(count) further lines about its requests are left out"
        case .logins(let account, let source):
            "user \(account) from \(source): \(count) further lines about its connections are left out"
        case .connections(let source): "\(source): \(count) further lines about its connections are left out"
        case .others: "many sources: \(count) further lines about their connections are left out"
        }
    }
}
