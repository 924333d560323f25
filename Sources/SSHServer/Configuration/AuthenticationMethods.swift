/// AuthenticationMethods: lists of methods, each of which is enough.
///
/// Keys are the one method that lets in, and `publickey` twice in a list stands for two different keys. The method `none`
/// is read as in sshd, and lets nobody in.
public struct AuthenticationMethods: Hashable, Sendable {
    /// For each list, how many keys it asks for, 0 where it is `none`; no list at all for `any`.
    let lists: [Int]

    init(lists: [Int] = []) {
        self.lists = lists
    }

    /// How many different keys must sign before somebody is logged in.
    var requiredKeys: Int { self.lists.filter { $0 > 0 }.min() ?? 1 }

    /// Whether one of the lists can be satisfied.
    var letsAnybodyIn: Bool { self.lists.isEmpty || self.lists.contains { $0 > 0 } }

    /// As `-T` prints it.
    var text: String {
        guard !self.lists.isEmpty else { return "any" }
        let lists = self.lists.map {
            $0 == 0 ? "none" : Array(repeating: "publickey", count: $0).joined(separator: ",")
        }
        return lists.joined(separator: " ")
    }
}

extension Keyword {
    static let authenticationMethods = Keyword.account(
        "AuthenticationMethods",
        \.$authenticationMethods,
        format: \.text
    ) { try $0.authenticationMethods() }
}

extension Arguments {
    /// `any`, or lists such as `publickey,publickey` and `none`. What asks for another method would not hold.
    mutating func authenticationMethods() throws -> AuthenticationMethods {
        let expected = "publickey, several times with commas between for several keys, or any alone"
        let given = try self.remaining(expected)
        if given == ["any"] { return AuthenticationMethods() }
        return AuthenticationMethods(
            lists: try given.map { list in
                if list == "none" { return 0 }
                let methods = list.split(separator: ",", omittingEmptySubsequences: false)
                guard methods.count <= Self.mostKeys, methods.allSatisfy({ $0 == "publickey" }) else {
                    throw self.problem(
                        "\"\(given.joined(separator: " "))\" is not supported and would not hold, expected \(expected)"
                    )
                }
                return methods.count
            }
        )
    }

    /// Nobody has more keys to log in with at a time.
    private static let mostKeys = 8
}
