import NIOCore

/// When an answer leaves that says no: how long it took to find out would tell whether there is such an account, and whether it has
/// keys.
enum AnswerPace {
    /// For a key that does not log in. As in sshd, the first `none` and keys that do are answered at once.
    static let refusal = TimeAmount.milliseconds(10)
    /// For what is told before anything is judged, where it hangs on the account.
    static let beginning = TimeAmount.milliseconds(4)
    /// Who waits for longer learns nothing from it that he would not learn from the hang.
    private static let longest = TimeAmount.seconds(5)

    /// The first of one, two, four, eight ... steps after a request's arrival that is not over yet.
    static func deadline(step: TimeAmount, arrival: NIODeadline, now: NIODeadline) -> NIODeadline {
        guard now - arrival < Self.longest else { return now }
        var wait = step
        while arrival + wait < now { wait = wait * 2 }
        return arrival + wait
    }
}
