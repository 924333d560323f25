import Glibc
import NIOCore

/// A login that has been judged, for the first time or again.
struct Judged: Sendable {
    let standing: Standing
    /// When reading the files began, in seconds since 1970, and on a clock that nobody sets.
    let readAt: Int
    let beganAt: NIODeadline
    let decision: LoginDecision
    /// What the login rests on, if it is accepted.
    let files: [ReadFile]

    /// Judges, and looks at the files: not for an event loop, unless the files are not to be read.
    ///
    /// - Parameter policy: decides in place of files, if there is one.
    init(
        _ standing: Standing,
        by configuration: ServerConfiguration,
        _ policy: (any RelayPolicy)?,
        _ files: AccountFiles,
        isStanding: Bool
    ) {
        self.standing = standing
        (self.readAt, self.beganAt) = (Int(clamping: files.began), files.beganAt)
        self.decision = Self.decide(standing, by: configuration, policy, files, isStanding: isStanding)
        if case .accepted(let grant) = self.decision, !files.hasMissed {
            self.files = grant.files.map(ReadFile.init)
        } else {
            self.files = []
        }
    }

    /// Whoever has shown several keys goes by all of them.
    private static func decide(
        _ standing: Standing,
        by configuration: ServerConfiguration,
        _ policy: (any RelayPolicy)?,
        _ files: AccountFiles,
        isStanding: Bool
    ) -> LoginDecision {
        let now = UInt64(clamping: time(nil))
        let judge = { (claim: LoginClaim, answers: CommandAnswers) -> LoginDecision in
            if let policy { return LoginDecision.judge(claim, by: policy, configuration, standing.facts) }
            return LoginDecision.judge(
                claim,
                configuration: configuration,
                facts: standing.facts,
                now: now,
                files: files,
                isStanding: isStanding,
                answers: answers
            )
        }
        let last = judge(standing.claim, standing.answers)
        guard case .accepted(let grant) = last else { return last }
        let required = grant.settings.authenticationMethods.requiredKeys
        guard !isStanding || standing.earlier.count + 1 >= required else {
            let reason = "AuthenticationMethods asks for \(required) different keys now"
            return .refused(LoginRefusal(reason), isUnknownAccount: false)
        }
        var grants: [LoginGrant] = []
        for earlier in standing.earlier {
            let decision = judge(earlier.claim, standing.answers.remembering(earlier.remembered))
            guard case .accepted(let grant) = decision else { return decision }
            grants.append(grant)
        }
        do {
            return .accepted(grants.isEmpty ? grant : try grant.merged(after: grants))
        } catch {
            return .refused(error, isUnknownAccount: false)
        }
    }

    /// The command without which it could not be judged.
    var awaited: CommandInvocation? {
        if case .awaits(let invocation) = self.decision { invocation } else { nil }
    }

    var isUnclear: Bool {
        if case .unclear = self.decision { true } else { false }
    }
}
