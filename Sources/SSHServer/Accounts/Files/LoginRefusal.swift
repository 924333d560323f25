/// Why a login is refused, for the log.
struct LoginRefusal: Error {
    let reasons: [String]
    /// sshd's lines about it, for tools that look for them.
    var said: [LogLine]
    /// What the system said of a file that could not be read, if that is why.
    var cause: String?
    /// Something could not be read or asked, for a reason that has nothing to do with who wants to log in: nobody's offence.
    var isPassing = false
    /// PermitRootLogin says so.
    var isOfRoot = false

    init(_ reasons: [String], said: [LogLine] = [], cause: String? = nil) {
        self.reasons = reasons
        self.said = said
        self.cause = cause
    }

    init(_ reason: String, said: LogLine...) {
        self.init([reason], said: said)
    }
}
