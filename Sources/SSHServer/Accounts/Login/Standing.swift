/// Who is logged in, and how.
struct Standing: Sendable {
    let connection: UInt64
    let claim: LoginClaim
    let facts: ConnectionFacts
    /// What a command said at the login, and what commands say now.
    var answers = CommandAnswers()
    /// Keys that signed before the claim's, which must still log in, too.
    var earlier: [EarlierClaim] = []
}
